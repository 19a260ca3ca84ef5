//! Pages of a list: `MaxItems`, `Marker`, `IsTruncated`.

use api::{CommonError, iam::Error};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Which part of a list is asked for.
pub(super) struct Page {
    /// The key of the last item before the page; empty for the first page.
    pub after: String,
    size: usize,
}

/// A part of a list, and what asks for the next one.
pub(super) struct Paged<T> {
    pub items: Vec<T>,
    pub is_truncated: Option<bool>,
    pub marker: Option<String>,
}

impl Page {
    /// `max_items` was checked against the model.
    pub(super) fn new(marker: Option<&str>, max_items: Option<i32>) -> Result<Self, Error> {
        let after = match marker {
            None => String::new(),
            Some(marker) => open(marker)
                .ok_or_else(|| CommonError::Validation(format!("Invalid Marker: {marker}")))?,
        };
        let size = max_items.and_then(|n| usize::try_from(n).ok());
        Ok(Self {
            after,
            size: size.unwrap_or(100),
        })
    }

    /// How many rows to read: one more than is shown, which tells whether there are more.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.size).map_or(i64::MAX, |size| size.saturating_add(1))
    }

    /// Cuts rows that begin after the marker to size.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> &str) -> Paged<T> {
        let is_truncated = rows.len() > self.size;
        rows.truncate(self.size);
        let last = rows.last().filter(|_| is_truncated);
        Paged {
            marker: last.map(|row| URL_SAFE_NO_PAD.encode(key(row))),
            is_truncated: Some(is_truncated),
            items: rows,
        }
    }

    /// Takes the page out of a whole list, in the order of `key`.
    pub(super) fn cut_all<T>(&self, rows: Vec<T>, key: impl Fn(&T) -> String) -> Paged<T> {
        let keyed = rows.into_iter().map(|row| (key(&row), row));
        let mut rest: Vec<_> = keyed.filter(|(key, _)| *key > self.after).collect();
        rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.cut(rest, |(key, _)| key.as_str()).map(|(_, row)| row)
    }
}

impl<T> Paged<T> {
    /// The same page with every item replaced.
    pub(super) fn map<U>(self, item: impl FnMut(T) -> U) -> Paged<U> {
        Paged {
            items: self.items.into_iter().map(item).collect(),
            is_truncated: self.is_truncated,
            marker: self.marker,
        }
    }
}

fn open(marker: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_the_markers_gives_every_item_once() {
        let all: Vec<String> = ["b", "a", "d", "c", "e"].map(str::to_owned).into();
        let mut marker = None;
        let mut seen = Vec::new();
        loop {
            let page = Page::new(marker.as_deref(), Some(2)).unwrap();
            let paged = page.cut_all(all.clone(), String::clone);
            seen.extend(paged.items);
            marker = paged.marker;
            assert_eq!(paged.is_truncated, Some(marker.is_some()));
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_marker_that_is_not_ours_is_refused() {
        assert!(Page::new(Some("$$$"), None).is_err());
    }
}
