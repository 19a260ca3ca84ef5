//! Labels: which may be given, and how many a version has. Pure.

use api::ssm::Error;

const MOST_LABELS: usize = 10;

/// Whether a version may be called so.
pub(super) fn is_label(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let reserved = lower.starts_with("aws") || lower.starts_with("ssm");
    let legal = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    !reserved && text.chars().all(legal) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// What a request to label a version comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) attached: Vec<String>,
    pub(super) invalid: Vec<String>,
}

/// Tells the labels that can be given from those that cannot. `held` are the labels the version has already.
pub(super) fn plan(held: &[String], wanted: Vec<String>) -> Result<Plan, Error> {
    let (attached, invalid): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|label| is_label(label));
    let new = attached.iter().filter(|label| !held.contains(label));
    let mut new: Vec<_> = new.collect();
    new.sort();
    new.dedup();
    if held.len() + new.len() > MOST_LABELS {
        // AWS: the missing space is in its text.
        return Err(Error::ParameterVersionLabelLimitExceeded(
            "A parameter version can have maximum 10 labels.Move one or more labels to another version and try again."
                .to_owned(),
        ));
    }
    Ok(Plan { attached, invalid })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_label_begins_with_no_digit_and_no_reserved_word() {
        for good in ["prod", "Prod.1-a_b", "_x", "myaws"] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["1st", "aws", "AWSx", "Ssm-1", "a b", "a:b", "ä"] {
            assert!(!is_label(bad), "{bad}");
        }
    }

    #[test]
    fn good_labels_are_given_and_bad_ones_named() {
        let planned = plan(&[], labels(&["a", "1", "b"])).unwrap();
        assert_eq!(planned.attached, ["a", "b"]);
        assert_eq!(planned.invalid, ["1"]);
    }

    #[test]
    fn a_version_has_ten_labels_and_no_more() {
        let nine: Vec<_> = (0..9).map(|n| format!("l{n}")).collect();
        assert!(plan(&nine, labels(&["l0", "new", "new"])).is_ok());
        assert!(matches!(
            plan(&nine, labels(&["new", "newer"])),
            Err(Error::ParameterVersionLabelLimitExceeded(_))
        ));
    }

    proptest! {
        #[test]
        fn every_label_ends_in_one_list(wanted in prop::collection::vec("[a-z0-9 ]{1,4}", 1..10)) {
            let planned = plan(&[], wanted.clone()).unwrap();
            prop_assert_eq!(planned.attached.len() + planned.invalid.len(), wanted.len());
            prop_assert!(planned.attached.iter().all(|label| is_label(label)));
        }
    }
}
