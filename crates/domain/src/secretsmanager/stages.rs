//! Where staging labels go when a version gets its value: pure, from the labels before to the labels after.

use std::collections::BTreeMap;

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
pub(super) const PENDING: &str = "AWSPENDING";

/// Which version has which label. A label sits on at most one version of a secret, hence a map from labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// From each version's id and labels.
    pub(super) fn of<'v>(versions: impl IntoIterator<Item = (&'v str, &'v [String])>) -> Self {
        let pairs = versions.into_iter().flat_map(|(id, labels)| {
            labels
                .iter()
                .map(move |label| (label.clone(), id.to_owned()))
        });
        Self(pairs.collect())
    }

    /// The version that has a label.
    pub(super) fn holder(&self, label: &str) -> Option<&str> {
        self.0.get(label).map(String::as_str)
    }

    /// The labels of a version, sorted.
    pub(super) fn on(&self, version: &str) -> Vec<String> {
        let here = self.0.iter().filter(|(_, holder)| *holder == version);
        here.map(|(label, _)| label.clone()).collect()
    }

    /// How many labels there are on all versions together.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What changes on the way to `after`: each label with the version it goes to, or `None` where it goes away.
    pub(super) fn moves_to<'a>(&'a self, after: &'a Self) -> BTreeMap<&'a str, Option<&'a str>> {
        let attached = after
            .0
            .iter()
            .map(|(label, version)| (label.as_str(), Some(version.as_str())));
        let detached = self.0.keys().map(|label| (label.as_str(), None));
        detached
            .chain(attached)
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .filter(|(label, to)| self.holder(label) != *to)
            .collect()
    }

    /// The labels once `version` has got its value. Without `stages` it becomes the current one, as does the first
    /// version of a secret whatever `stages` says.
    #[must_use]
    pub(super) fn after_put(&self, version: &str, stages: Option<&[String]>) -> Self {
        let mut labels = self.0.clone();
        for stage in stages.unwrap_or_default() {
            if stage != CURRENT {
                labels.insert(stage.clone(), version.to_owned());
            }
        }
        let asked = stages.is_none_or(|stages| stages.iter().any(|stage| stage == CURRENT));
        if asked || !labels.contains_key(CURRENT) {
            promote(&mut labels, version);
        }
        Self(labels)
    }
}

/// Moves `AWSCURRENT` to a version that was just given its value.
fn promote(labels: &mut BTreeMap<String, String>, version: &str) {
    let Some(old) = labels.insert(CURRENT.to_owned(), version.to_owned()) else {
        return;
    };
    if old == version {
        return;
    }
    // AWS: a new value drops AWSPENDING from the version it replaces; a moved label would leave it there.
    if labels.get(PENDING) == Some(&old) {
        labels.remove(PENDING);
    }
    labels.insert(PREVIOUS.to_owned(), old);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let owned = pairs
            .iter()
            .map(|(label, version)| ((*label).to_owned(), (*version).to_owned()));
        Labels(owned.collect())
    }

    fn stages(list: &[&str]) -> Vec<String> {
        list.iter().map(|stage| (*stage).to_owned()).collect()
    }

    #[test]
    fn a_plain_put_moves_current_and_previous() {
        let one = Labels::default().after_put("v1", None);
        assert_eq!(one, labels(&[(CURRENT, "v1")]));
        let two = one.after_put("v2", None);
        assert_eq!(two, labels(&[(CURRENT, "v2"), (PREVIOUS, "v1")]));
        let three = two.after_put("v3", None);
        assert_eq!(three, labels(&[(CURRENT, "v3"), (PREVIOUS, "v2")]));
        assert_eq!(three.on("v1"), stages(&[]), "the oldest is deprecated");
    }

    #[test]
    fn labels_of_ones_own_are_taken_from_whichever_version_has_them() {
        let before = labels(&[(CURRENT, "v1"), ("PUT", "v1")]);
        let after = before.after_put("v2", Some(&stages(&[PENDING, "PUT"])));
        assert_eq!(
            after,
            labels(&[(CURRENT, "v1"), (PENDING, "v2"), ("PUT", "v2")])
        );
    }

    #[test]
    fn current_among_the_labels_promotes_too_and_leaves_other_labels_where_they_are() {
        let before = labels(&[(CURRENT, "v1"), ("PUT0", "v1")]);
        let after = before.after_put("v2", Some(&stages(&[CURRENT, "PUT1"])));
        assert_eq!(
            after,
            labels(&[
                (CURRENT, "v2"),
                (PREVIOUS, "v1"),
                ("PUT0", "v1"),
                ("PUT1", "v2")
            ])
        );
    }

    #[test]
    fn the_first_value_is_current_whatever_labels_it_is_given() {
        let after = Labels::default().after_put("v1", Some(&stages(&["OWN"])));
        assert_eq!(after, labels(&[(CURRENT, "v1"), ("OWN", "v1")]));
    }

    #[test]
    fn a_new_value_drops_pending_from_the_version_it_replaces() {
        let before = labels(&[(CURRENT, "v2"), (PENDING, "v2"), (PREVIOUS, "v1")]);
        let after = before.after_put("v3", None);
        assert_eq!(after, labels(&[(CURRENT, "v3"), (PREVIOUS, "v2")]));
    }

    #[test]
    fn pending_on_another_version_stays_there() {
        let before = labels(&[(CURRENT, "v1"), (PENDING, "v2")]);
        let after = before.after_put("v3", None);
        assert_eq!(
            after,
            labels(&[(CURRENT, "v3"), (PENDING, "v2"), (PREVIOUS, "v1")])
        );
    }

    #[test]
    fn moves_say_only_what_changes() {
        let before = labels(&[
            (CURRENT, "v2"),
            (PENDING, "v2"),
            (PREVIOUS, "v1"),
            ("OWN", "v1"),
        ]);
        let after = before.after_put("v3", None);
        let moves = before.moves_to(&after);
        assert_eq!(
            moves,
            BTreeMap::from([
                (CURRENT, Some("v3")),
                (PENDING, None),
                (PREVIOUS, Some("v2"))
            ])
        );
    }

    /// A version number and the stages it is put with.
    fn puts() -> impl Strategy<Value = Vec<(u8, Option<Vec<String>>)>> {
        let stage = prop_oneof![
            Just(CURRENT),
            Just(PREVIOUS),
            Just(PENDING),
            Just("A"),
            Just("B")
        ];
        let stages = prop::collection::vec(stage.prop_map(str::to_owned), 1..4);
        prop::collection::vec((0..6u8, prop::option::of(stages)), 1..12)
    }

    proptest! {
        #[test]
        fn whatever_is_put_one_version_is_current_and_the_one_before_is_previous(puts in puts()) {
            let mut state = Labels::default();
            for (version, stages) in puts {
                let version = format!("v{version}");
                let next = state.after_put(&version, stages.as_deref());
                prop_assert!(next.holder(CURRENT).is_some());
                let (old, new) = (state.holder(CURRENT), next.holder(CURRENT));
                if old.is_some() && old != new {
                    prop_assert_eq!(new, Some(version.as_str()));
                    prop_assert_eq!(next.holder(PREVIOUS), old);
                }
                for stage in stages.iter().flatten() {
                    let kept = next.holder(stage) == Some(version.as_str());
                    prop_assert!(kept || stage == PREVIOUS);
                }
                state = next;
            }
        }

        #[test]
        fn the_moves_lead_from_before_to_after(puts in puts()) {
            let mut state = Labels::default();
            let mut rows = BTreeMap::new();
            for (version, stages) in puts {
                let next = state.after_put(&format!("v{version}"), stages.as_deref());
                for (label, to) in state.moves_to(&next) {
                    match to {
                        Some(version) => rows.insert(label.to_owned(), version.to_owned()),
                        None => rows.remove(label),
                    };
                }
                prop_assert_eq!(&rows, &next.0);
                state = next;
            }
        }
    }
}
