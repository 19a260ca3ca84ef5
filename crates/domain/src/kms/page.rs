//! Lists in pages: `Limit`, `Marker`, `NextMarker`, `Truncated`.

use api::kms::Error;

/// How many entries a page has where the caller does not say.
const DEFAULT_LIMIT: i32 = 100;

/// Which part of a list is wanted. A marker is the last name of the page before.
pub(super) struct Page {
    pub after: String,
    limit: usize,
}

impl Page {
    /// `known` tells a marker that came from an answer from one that was made up.
    pub(super) fn new(
        limit: Option<i32>,
        marker: Option<String>,
        known: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        if marker.as_deref().is_some_and(|marker| !known(marker)) {
            let text = "Could not deserialize marker";
            return Err(Error::InvalidMarker(text.to_owned()));
        }
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        Ok(Self {
            after: marker.unwrap_or_default(),
            limit: usize::try_from(limit).unwrap_or_default(),
        })
    }

    /// How many entries to look for: one more than the page has shows whether there is another page.
    pub(super) fn probe(&self) -> i64 {
        i64::try_from(self.limit)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// Cuts what was found to the page, and says where the next one begins, if there is one.
    pub(super) fn cut<T>(&self, found: &mut Vec<T>, name: impl Fn(&T) -> String) -> Option<String> {
        if found.len() <= self.limit {
            return None;
        }
        found.truncate(self.limit);
        found.last().map(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let page = Page::new(Some(2), None, |_| true).ok().unwrap();
        let mut found = vec!["a", "b", "c"];
        assert_eq!(page.probe(), 3);
        assert_eq!(
            page.cut(&mut found, ToString::to_string),
            Some("b".to_owned())
        );
        assert_eq!(found, ["a", "b"]);
        assert_eq!(page.cut(&mut found, ToString::to_string), None);
    }

    #[test]
    fn a_made_up_marker_is_refused() {
        let page = Page::new(None, Some("x".to_owned()), |_| false);
        assert!(matches!(page, Err(Error::InvalidMarker(_))));
    }
}
