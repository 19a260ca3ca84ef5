//! Lists in pages. A token is the name that the next page follows.

use api::ecs::Error;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const MOST: usize = 100;

/// One page of a list of names.
pub(super) struct Page {
    pub names: Vec<String>,
    pub next_token: Option<String>,
}

/// How many entries a page has: what the caller says, between 1 and 100.
pub(super) fn size(max_results: Option<i32>) -> Result<usize, Error> {
    size_up_to(MOST, max_results)
}

/// [`size`], where the longest page is another.
pub(super) fn size_up_to(most: usize, max_results: Option<i32>) -> Result<usize, Error> {
    match max_results.map(usize::try_from) {
        None => Ok(most),
        Some(Ok(size)) if (1..=most).contains(&size) => Ok(size),
        Some(_) => Err(Error::InvalidParameter(format!(
            "maxResults should be between 1 and {most}."
        ))),
    }
}

/// The name that the page follows; empty for the first.
pub(super) fn after(next_token: Option<&str>) -> Result<String, Error> {
    let Some(token) = next_token else {
        return Ok(String::new());
    };
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Error::InvalidParameter("Invalid token.".to_owned()))
}

/// The token of the page that follows this name.
pub(super) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// Cuts a page out of a whole list, given in its order.
pub(super) fn cut(
    names: Vec<String>,
    max_results: Option<i32>,
    next_token: Option<&str>,
) -> Result<Page, Error> {
    let size = size(max_results)?;
    let after = after(next_token)?;
    let from = match names.iter().position(|name| *name == after) {
        Some(last) => last + 1,
        // What the page should follow is gone: the order is lost, so the list begins anew.
        None => 0,
    };
    let more = names.len() > from + size;
    let names: Vec<String> = names.into_iter().skip(from).take(size).collect();
    let next_token = names.last().filter(|_| more).map(|last| token(last));
    Ok(Page { names, next_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_into_the_whole_list() {
        let all: Vec<String> = (0..25).map(|n| format!("n{n}")).collect();
        let mut seen = Vec::new();
        let mut token = None;
        loop {
            let page = cut(all.clone(), Some(10), token.as_deref()).unwrap();
            seen.extend(page.names);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn sizes_and_tokens_are_checked() {
        assert!(size(Some(0)).is_err());
        assert!(size(Some(101)).is_err());
        assert!(after(Some("not base64!")).is_err());
        assert_eq!(size(None).unwrap(), 100);
    }
}
