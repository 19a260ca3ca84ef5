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
        self.after_write(version, stages, true)
    }

    /// The labels once a version that a rotation has waiting for its value has got it. Nobody has tried the value yet, so
    /// it does not become the current one by itself, even where there is none.
    #[must_use]
    pub(super) fn after_filling(&self, version: &str, stages: Option<&[String]>) -> Self {
        self.after_write(version, stages, false)
    }

    fn after_write(
        &self,
        version: &str,
        stages: Option<&[String]>,
        is_first_current: bool,
    ) -> Self {
        let mut labels = self.0.clone();
        for stage in stages.unwrap_or_default() {
            if stage != CURRENT {
                labels.insert(stage.clone(), version.to_owned());
            }
        }
        let asked = stages.is_none_or(|stages| stages.iter().any(|stage| stage == CURRENT));
        if asked || (is_first_current && !labels.contains_key(CURRENT)) {
            // AWS: a new value drops AWSPENDING from the version it replaces; a moved label leaves it there.
            let old = self.holder(CURRENT);
            if old != Some(version) && labels.get(PENDING).map(String::as_str) == old {
                labels.remove(PENDING);
            }
            promote(&mut labels, version);
        }
        Self(labels)
    }
}

impl Labels {
    /// The labels once one is moved, attached or detached on request. A label that has a holder is taken from it only
    /// where the request names that holder.
    pub(super) fn after_move(
        &self,
        label: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, MoveRefused> {
        if from.is_none() && to.is_none() {
            return Err(MoveRefused::NoVersion);
        }
        let holder = self.holder(label);
        if from.is_some() && from != holder {
            return Err(MoveRefused::NotTheHolder(label.to_owned()));
        }
        if let (Some(holder), None) = (holder, from)
            && to != Some(holder)
        {
            return Err(MoveRefused::HolderNotNamed {
                label: label.to_owned(),
                holder: holder.to_owned(),
            });
        }
        let mut labels = self.0.clone();
        match to {
            None if label == CURRENT => return Err(MoveRefused::CurrentStays),
            None => {
                labels.remove(label);
            }
            Some(to) if label == CURRENT => promote(&mut labels, to),
            Some(to) => {
                labels.insert(label.to_owned(), to.to_owned());
            }
        }
        Ok(Self(labels))
    }
}

/// Why a label stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MoveRefused {
    // AWS: the text is not known.
    #[error("You must provide RemoveFromVersionId, MoveToVersionId, or both.")]
    NoVersion,
    #[error(
        "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
    )]
    HolderNotNamed { label: String, holder: String },
    #[error(
        "When you move staging label {0}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label {0}."
    )]
    NotTheHolder(String),
    #[error(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
    )]
    CurrentStays,
}

/// Moves `AWSCURRENT`, and `AWSPREVIOUS` to the version it leaves.
fn promote(labels: &mut BTreeMap<String, String>, version: &str) {
    let Some(old) = labels.insert(CURRENT.to_owned(), version.to_owned()) else {
        return;
    };
    if old == version {
        return;
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
    fn a_value_that_a_rotation_waits_for_is_current_only_where_it_is_said() {
        let waiting = labels(&[(PENDING, "v1")]);
        let pending = stages(&[PENDING]);
        assert_eq!(waiting.after_filling("v1", Some(&pending)), waiting);
        let both = labels(&[(CURRENT, "v1"), (PENDING, "v1")]);
        assert_eq!(waiting.after_filling("v1", None), both);
        assert_eq!(waiting.after_move(CURRENT, None, Some("v1")), Ok(both));
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

    #[test]
    fn a_moved_current_takes_previous_along_and_leaves_every_other_label() {
        let before = labels(&[
            (PREVIOUS, "v1"),
            (CURRENT, "v2"),
            ("PUT0", "v2"),
            (PENDING, "v3"),
            ("PUT1", "v3"),
        ]);
        let after = before.after_move(CURRENT, Some("v2"), Some("v3")).unwrap();
        assert_eq!(after.on("v1"), stages(&[]));
        assert_eq!(after.on("v2"), stages(&[PREVIOUS, "PUT0"]));
        assert_eq!(after.on("v3"), stages(&[CURRENT, PENDING, "PUT1"]));
        let back = after.after_move(CURRENT, Some("v3"), Some("v2")).unwrap();
        assert_eq!(back.on("v2"), stages(&[CURRENT, "PUT0"]));
        assert_eq!(back.on("v3"), stages(&[PENDING, PREVIOUS, "PUT1"]));
    }

    #[test]
    fn a_label_of_ones_own_is_attached_moved_and_detached() {
        let none = labels(&[(CURRENT, "v1")]);
        let on_one = none.after_move("OWN", None, Some("v1")).unwrap();
        let on_two = on_one.after_move("OWN", Some("v1"), Some("v2")).unwrap();
        assert_eq!(on_two.holder("OWN"), Some("v2"));
        assert_eq!(on_two.after_move("OWN", Some("v2"), None), Ok(none));
        assert_eq!(
            on_two.after_move("OWN", None, Some("v2")),
            Ok(on_two.clone())
        );
    }

    #[test]
    fn a_label_is_taken_only_from_the_version_that_the_request_names() {
        let state = labels(&[(CURRENT, "v1"), ("OWN", "v2")]);
        let refusal = |label, from, to| state.after_move(label, from, to).unwrap_err();
        assert_eq!(refusal("OWN", None, None), MoveRefused::NoVersion);
        let not_named = MoveRefused::HolderNotNamed {
            label: "OWN".to_owned(),
            holder: "v2".to_owned(),
        };
        assert_eq!(refusal("OWN", None, Some("v1")), not_named);
        let wrong = |label: &str| MoveRefused::NotTheHolder(label.to_owned());
        assert_eq!(refusal("OWN", Some("v1"), Some("v3")), wrong("OWN"));
        assert_eq!(refusal("FREE", Some("v1"), None), wrong("FREE"));
        assert_eq!(
            refusal(CURRENT, Some("v1"), None),
            MoveRefused::CurrentStays
        );
    }

    /// A label, where it is said to be, and where it is to go.
    fn moves() -> impl Strategy<Value = Vec<(&'static str, Option<u8>, Option<u8>)>> {
        let label = prop_oneof![Just(CURRENT), Just(PREVIOUS), Just(PENDING), Just("A")];
        let version = || prop::option::of(0..4u8);
        prop::collection::vec((label, version(), version()), 1..16)
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
        fn whatever_is_moved_a_version_stays_current_and_a_label_goes_where_it_was_sent(moves in moves()) {
            let mut state = Labels::default().after_put("v0", None).after_put("v1", None);
            for (label, from, to) in moves {
                let version = |number: Option<u8>| number.map(|number| format!("v{number}"));
                let (from, to) = (version(from), version(to));
                let Ok(next) = state.after_move(label, from.as_deref(), to.as_deref()) else { continue };
                prop_assert!(next.holder(CURRENT).is_some());
                prop_assert_eq!(next.holder(label), to.as_deref());
                let old = state.holder(CURRENT);
                if old == next.holder(CURRENT) {
                    let others = |labels: &Labels| {
                        let mut rest = labels.0.clone();
                        rest.remove(label);
                        rest
                    };
                    prop_assert_eq!(others(&state), others(&next));
                } else {
                    prop_assert_eq!(label, CURRENT);
                    prop_assert_eq!(next.holder(PREVIOUS), old);
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
