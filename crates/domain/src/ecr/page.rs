//! Lists in pages. A token is the place that the next page follows.

use api::ecr::Error;

use crate::page_token;

const USUAL: i32 = 100;

/// What a page follows, and how long it is.
pub(super) struct Wanted {
    pub after: String,
    pub size: usize,
}

impl Wanted {
    pub fn of(max_results: Option<i32>, next_token: Option<&str>) -> Result<Self, Error> {
        let after = match next_token {
            None => String::new(),
            Some(token) => page_token::read(token).ok_or_else(|| {
                Error::InvalidParameter(
                    "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'"
                        .to_owned(),
                )
            })?,
        };
        let size = usize::try_from(max_results.unwrap_or(USUAL)).unwrap_or_default();
        Ok(Self { after, size })
    }

    /// One more than the page has, which tells whether another follows.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size + 1).unwrap_or(i64::MAX)
    }

    /// Cuts the list to the page. The token names the last entry of the page, if more follow.
    pub fn cut<T>(&self, entries: &mut Vec<T>, place: impl Fn(&T) -> String) -> Option<String> {
        let more = entries.len() > self.size;
        entries.truncate(self.size);
        let last = entries.last().filter(|_| more)?;
        Some(page_token::write(&place(last)))
    }
}
