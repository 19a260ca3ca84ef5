//! Entries as nested levels, for the formats that have them.

use types::SecretValue;

use crate::Entry;

/// One member of a level: a value, or a level of its own.
pub(crate) enum Member<'e> {
    Value(&'e SecretValue),
    Level(Level<'e>),
}

/// Members in the order of their names. A name has a slash in it where the part before is a value itself, so that a
/// parameter and others below it can be in one file.
#[derive(Default)]
pub(crate) struct Level<'e>(pub(crate) Vec<(String, Member<'e>)>);

impl<'e> Level<'e> {
    /// Sorts entries, which come in the order of their keys, into levels.
    pub(crate) fn of(entries: &[&'e Entry]) -> Self {
        let mut top = Self::default();
        for entry in entries {
            let levels: Vec<_> = entry.key.levels().collect();
            top.place(&levels, &entry.value);
        }
        top
    }

    fn place(&mut self, levels: &[&str], value: &'e SecretValue) {
        let mut name = String::new();
        for (at, level) in levels.iter().enumerate() {
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(level);
            let rest = levels.get(at + 1..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                // A value has the name: what is below gets a longer one here.
                Some((_, Member::Value(_))) => {}
                Some((_, Member::Level(level))) => return level.place(rest, value),
                None => {
                    let mut level = Self::default();
                    level.place(rest, value);
                    self.0.push((name, Member::Level(level)));
                    return;
                }
            }
        }
        self.0.push((name, Member::Value(value)));
    }
}
