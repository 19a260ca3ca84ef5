//! The filters of `DescribeParameters` and `GetParametersByPath`: checking them, and asking them. Pure.

use api::ssm::{Error, ParameterStringFilter, ParameterTier, ParameterType};
use store::parameters::Parameter;

use super::{errors, names::parse_path, sealing::DEFAULT_KEY};

/// A filter, checked. Its values are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    key: FilterKey,
    option: Match,
    pub(super) values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FilterKey {
    Name,
    Type,
    KmsKey,
    Tier,
    DataType,
    Path,
    Label,
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// The operation whose filters these are: each has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Describe,
    ByPath,
}

/// Checks the filters of a request.
pub(super) fn check(of: Of, filters: Vec<ParameterStringFilter>) -> Result<Vec<Filter>, Error> {
    let mut checked: Vec<Filter> = Vec::with_capacity(filters.len());
    for filter in filters {
        let name = filter.key.clone();
        let filter = check_one(of, filter)?;
        if checked.iter().any(|other| other.key == filter.key) {
            return Err(Error::InvalidFilterValue(format!(
                "The following filter is duplicated in the request: {name}. A request can contain only one occurrence of a specific filter."
            )));
        }
        checked.push(filter);
    }
    Ok(checked)
}

fn check_one(of: Of, filter: ParameterStringFilter) -> Result<Filter, Error> {
    let key = match (filter.key.as_str(), of) {
        ("Type", _) => FilterKey::Type,
        ("KeyId", _) => FilterKey::KmsKey,
        ("Label", Of::ByPath) => FilterKey::Label,
        ("Name", Of::Describe) => FilterKey::Name,
        ("Tier", Of::Describe) => FilterKey::Tier,
        ("DataType", Of::Describe) => FilterKey::DataType,
        ("Path", Of::Describe) => FilterKey::Path,
        (other, Of::Describe) if other.starts_with("tag:") => {
            FilterKey::Tag(other.trim_start_matches("tag:").to_owned())
        }
        (other, of) => {
            let valid = match of {
                Of::Describe => "[Path, Name, Type, KeyId, Tier]",
                Of::ByPath => "[Type, KeyId]",
            };
            return Err(Error::InvalidFilterKey(format!(
                "The following filter key is not valid: {other}. Valid filter keys include: {valid}."
            )));
        }
    };
    let option = check_option(&key, filter.option.as_deref())?;
    let values = filter.values.unwrap_or_default();
    if values.is_empty() {
        return Err(Error::InvalidFilterValue(format!(
            "The following filter values are missing : null for filter key {}.",
            filter.key
        )));
    }
    for value in &values {
        check_value(&key, value)?;
    }
    Ok(Filter {
        key,
        option,
        values,
    })
}

fn check_option(key: &FilterKey, option: Option<&str>) -> Result<Match, Error> {
    let (found, valid) = match (key, option) {
        (FilterKey::Path, None | Some("OneLevel")) => (Some(Match::OneLevel), ""),
        (FilterKey::Path, Some("Recursive")) => (Some(Match::Recursive), ""),
        (FilterKey::Path, Some(_)) => (None, "[Recursive, OneLevel]"),
        (_, None | Some("Equals")) => (Some(Match::Equals), ""),
        (FilterKey::Label, Some(_)) => (None, "[Equals]"),
        (_, Some("BeginsWith")) => (Some(Match::BeginsWith), ""),
        (FilterKey::Name, Some("Contains")) => (Some(Match::Contains), ""),
        (_, Some(_)) => (None, "[BeginsWith, Equals]"),
    };
    found.ok_or_else(|| {
        Error::InvalidFilterOption(format!(
            "The following filter option is not valid: {}. Valid options include: {valid}.",
            option.unwrap_or_default()
        ))
    })
}

fn check_value(key: &FilterKey, value: &str) -> Result<(), Error> {
    let valid = match key {
        FilterKey::Tier if !ParameterTier::VALUES.contains(&value) => {
            "[Standard, Advanced, Intelligent-Tiering]"
        }
        FilterKey::Type if !ParameterType::VALUES.contains(&value) => {
            "[String, StringList, SecureString]"
        }
        FilterKey::Path => return check_path(value),
        _ => return Ok(()),
    };
    Err(Error::InvalidFilterValue(format!(
        "The following filter value is not valid: {value}. Valid values include: {valid}."
    )))
}

fn check_path(value: &str) -> Result<(), Error> {
    let lower = value.to_ascii_lowercase();
    if lower.starts_with("/aws") || lower.starts_with("/ssm") {
        return Err(errors::validation(
            "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). When using global parameters, please specify within a global namespace.",
        ));
    }
    parse_path(value)
        .map(|_| ())
        .ok_or_else(errors::malformed_path)
}

impl Filter {
    /// Of the older kind of filter: names by how they begin, anything else as a whole.
    pub(super) fn legacy(key: api::ssm::ParametersFilterKey, values: Vec<String>) -> Self {
        use api::ssm::ParametersFilterKey;
        let (key, option) = match key {
            ParametersFilterKey::Name => (FilterKey::Name, Match::BeginsWith),
            ParametersFilterKey::Type => (FilterKey::Type, Match::Equals),
            ParametersFilterKey::KeyId => (FilterKey::KmsKey, Match::Equals),
        };
        Self {
            key,
            option,
            values,
        }
    }

    /// Whether it chooses a version rather than a parameter.
    pub(super) fn is_label(&self) -> bool {
        self.key == FilterKey::Label
    }

    /// Whether a parameter passes.
    pub(super) fn admits(&self, parameter: &Parameter) -> bool {
        self.values
            .iter()
            .any(|value| self.admits_value(parameter, value))
    }

    fn admits_value(&self, parameter: &Parameter, value: &str) -> bool {
        let held = match &self.key {
            // AWS: the slash at the beginning of a name may be left out.
            FilterKey::Name => {
                return self.compares(&parameter.path, value)
                    || self.compares(parameter.path.trim_start_matches('/'), value);
            }
            FilterKey::Path => return self.contains_path(&parameter.path, value),
            // Labels were looked at when the version was chosen.
            FilterKey::Label => return true,
            FilterKey::Type => Some(parameter.type_.as_str()),
            FilterKey::KmsKey if parameter.type_ == ParameterType::SecureString.as_str() => {
                Some(parameter.key_id.as_deref().unwrap_or(DEFAULT_KEY))
            }
            FilterKey::KmsKey => None,
            FilterKey::Tier => Some(parameter.tier.as_str()),
            FilterKey::DataType => Some(parameter.data_type.as_str()),
            FilterKey::Tag(key) => {
                let mut tags = parameter.tags.iter().flatten();
                tags.find(|tag| tag.key == *key)
                    .map(|tag| tag.value.as_str())
            }
        };
        held.is_some_and(|held| self.compares(held, value))
    }

    fn compares(&self, held: &str, value: &str) -> bool {
        match self.option {
            Match::BeginsWith => held.starts_with(value),
            Match::Contains => held.contains(value),
            Match::Equals | Match::OneLevel | Match::Recursive => held == value,
        }
    }

    fn contains_path(&self, path: &str, value: &str) -> bool {
        let parent = value.trim_end_matches('/');
        let below = path
            .strip_prefix(parent)
            .and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|rest| self.option == Match::Recursive || !rest.contains('/'))
    }
}

#[cfg(test)]
mod tests {
    use types::{Tag, Timestamp};

    use super::*;

    fn parameter(path: &str) -> Parameter {
        Parameter {
            name: path.to_owned(),
            path: path.to_owned(),
            version: 1,
            latest_version: 1,
            type_: "SecureString".to_owned(),
            tier: "Standard".to_owned(),
            data_type: "text".to_owned(),
            description: None,
            allowed_pattern: None,
            policies: None,
            key_id: None,
            sealed: Vec::new(),
            modified: Timestamp::default(),
            modified_by: String::new(),
            tags: Some(vec![Tag {
                key: "env".to_owned(),
                value: "prod".to_owned(),
            }]),
        }
    }

    fn filter(key: &str, option: Option<&str>, values: &[&str]) -> ParameterStringFilter {
        ParameterStringFilter {
            key: key.to_owned(),
            option: option.map(str::to_owned),
            values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        }
    }

    fn admits(path: &str, key: &str, option: Option<&str>, value: &str) -> bool {
        let filters = check(Of::Describe, vec![filter(key, option, &[value])]).unwrap();
        filters[0].admits(&parameter(path))
    }

    #[test]
    fn names_match_with_and_without_their_slash() {
        assert!(admits("/a", "Name", None, "a"));
        assert!(admits("/a", "Name", None, "/a"));
        assert!(!admits("/a/b", "Name", None, "/a"));
        assert!(admits("/a/b", "Name", Some("BeginsWith"), "/a"));
        assert!(admits("/a/b", "Name", Some("Contains"), "/b"));
    }

    #[test]
    fn a_path_holds_its_children_or_all_below() {
        assert!(admits("/a/b", "Path", None, "/a"));
        assert!(!admits("/a/b/c", "Path", Some("OneLevel"), "/a/"));
        assert!(admits("/a/b/c", "Path", Some("Recursive"), "/a"));
        assert!(!admits("/ab", "Path", Some("Recursive"), "/a"));
        assert!(!admits("/a", "Path", Some("Recursive"), "/a"));
        assert!(admits("/a", "Path", None, "/"));
    }

    #[test]
    fn types_keys_tiers_and_tags_match() {
        assert!(admits("/a", "Type", None, "SecureString"));
        assert!(!admits("/a", "Type", None, "String"));
        assert!(admits("/a", "KeyId", None, "alias/aws/ssm"));
        assert!(admits("/a", "Tier", None, "Standard"));
        assert!(admits("/a", "tag:env", Some("BeginsWith"), "pr"));
        assert!(!admits("/a", "tag:other", None, "prod"));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let refusal = |of, filters| check(of, filters).unwrap_err();
        assert!(matches!(
            refusal(Of::ByPath, vec![filter("Name", None, &["a"])]),
            Error::InvalidFilterKey(_)
        ));
        assert!(matches!(
            refusal(Of::Describe, vec![filter("Label", None, &["a"])]),
            Error::InvalidFilterKey(_)
        ));
        assert!(matches!(
            refusal(
                Of::Describe,
                vec![filter("Type", Some("Contains"), &["String"])]
            ),
            Error::InvalidFilterOption(_)
        ));
        for bad in [
            vec![filter("Type", None, &["Text"])],
            vec![filter("Name", None, &[])],
            vec![filter("Name", None, &["a"]), filter("Name", None, &["b"])],
        ] {
            assert!(matches!(
                refusal(Of::Describe, bad),
                Error::InvalidFilterValue(_)
            ));
        }
        let path = refusal(Of::Describe, vec![filter("Path", None, &["a"])]);
        assert!(path.to_string().contains("must begin with a forward slash"));
    }
}
