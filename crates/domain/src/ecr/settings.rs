//! What a repository is set to, beside its policy and tags.

use api::ecr::{
    Error, ImageTagMutability, ImageTagMutabilityExclusionFilter,
    ImageTagMutabilityExclusionFilterType,
};
use serde::{Deserialize, Serialize};
use types::Fault;

/// Kept as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    mutability: String,
    /// Tags, with `*`, to which the opposite applies.
    #[serde(default)]
    exclusions: Vec<String>,
    pub scan_on_push: bool,
}

impl Settings {
    pub fn new(
        mutability: Option<ImageTagMutability>,
        exclusions: Option<Vec<ImageTagMutabilityExclusionFilter>>,
        scan_on_push: bool,
    ) -> Result<Self, Error> {
        let mutability = mutability.unwrap_or(ImageTagMutability::Mutable);
        let exclusions = exclusions.unwrap_or_default();
        let takes_exclusions = matches!(
            mutability,
            ImageTagMutability::ImmutableWithExclusion | ImageTagMutability::MutableWithExclusion
        );
        if takes_exclusions == exclusions.is_empty() {
            return Err(Error::InvalidParameter(format!(
                "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'filters {} be given with {mutability}'",
                if takes_exclusions { "must" } else { "must not" }
            )));
        }
        Ok(Self {
            mutability: mutability.as_str().to_owned(),
            exclusions: exclusions.into_iter().map(|one| one.filter).collect(),
            scan_on_push,
        })
    }

    pub fn read(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(Fault::new)
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("texts and flags are always JSON")
    }

    pub fn mutability(&self) -> Option<ImageTagMutability> {
        self.mutability.parse().ok()
    }

    pub fn exclusion_filters(&self) -> Option<Vec<ImageTagMutabilityExclusionFilter>> {
        let filters = self.exclusions.iter();
        let filters = filters.map(|filter| ImageTagMutabilityExclusionFilter {
            filter_type: ImageTagMutabilityExclusionFilterType::Wildcard,
            filter: filter.clone(),
        });
        (!self.exclusions.is_empty()).then(|| filters.collect())
    }

    /// Whether a tag may move to another image.
    pub fn may_move(&self, tag: &str) -> bool {
        let excluded = self.exclusions.iter().any(|filter| matches(filter, tag));
        match self.mutability() {
            Some(ImageTagMutability::Immutable) => false,
            Some(ImageTagMutability::ImmutableWithExclusion) => excluded,
            Some(ImageTagMutability::MutableWithExclusion) => !excluded,
            Some(ImageTagMutability::Mutable) | None => true,
        }
    }
}

/// Whether the text is of the filter's form, in which `*` stands for anything.
fn matches(filter: &str, text: &str) -> bool {
    let mut parts = filter.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (filter, text, expected) in [
            ("latest", "latest", true),
            ("latest", "latest-1", false),
            ("dev-*", "dev-", true),
            ("dev-*", "prod-1", false),
            ("*-rc*-x", "1-rc2-x", true),
            ("*-rc*-x", "1-rc", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(filter, text), expected, "{filter} {text}");
        }
    }

    #[test]
    fn immutable_tags_stay_where_they_are_except_for_the_excluded() {
        let settings = |mutability, filters: &[&str]| {
            let filters = filters
                .iter()
                .map(|filter| ImageTagMutabilityExclusionFilter {
                    filter_type: ImageTagMutabilityExclusionFilterType::Wildcard,
                    filter: (*filter).to_owned(),
                });
            let filters: Vec<_> = filters.collect();
            let given = (!filters.is_empty()).then_some(filters);
            Settings::new(Some(mutability), given, false)
        };
        let plain = settings(ImageTagMutability::Immutable, &[]).unwrap();
        assert!(!plain.may_move("v1"));
        let some = settings(ImageTagMutability::ImmutableWithExclusion, &["dev-*"]).unwrap();
        assert!(some.may_move("dev-1") && !some.may_move("v1"));
        let most = settings(ImageTagMutability::MutableWithExclusion, &["v*"]).unwrap();
        assert!(most.may_move("dev-1") && !most.may_move("v1"));
        assert!(settings(ImageTagMutability::Mutable, &["v*"]).is_err());
        assert!(settings(ImageTagMutability::ImmutableWithExclusion, &[]).is_err());
        assert_eq!(Settings::read(&some.write()).unwrap(), some);
    }
}
