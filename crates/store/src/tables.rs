//! Which tables a statement names, from the schema itself.

use std::{collections::HashMap, sync::LazyLock};

use crate::migrations;

/// A set of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableSet(u128);

/// How many tables there are.
pub(crate) fn count() -> usize {
    SCHEMA.numbers.len()
}

struct Schema {
    numbers: HashMap<&'static str, usize>,
    /// With each table, those whose rows go with its rows.
    followers: Vec<TableSet>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of(migrations::texts()));

impl TableSet {
    const ALL: Self = Self(u128::MAX);

    fn one(table: usize) -> Self {
        debug_assert!(table < 128, "a set of tables is one integer");
        Self(1 << table)
    }

    /// Every table that the statement names. A statement that names none may mean any.
    pub(crate) fn named_in(sql: &str) -> Self {
        let tables = words(sql).filter_map(|word| SCHEMA.numbers.get(word));
        let set = tables.fold(Self::default(), |set, table| set.with(Self::one(*table)));
        if set == Self::default() {
            Self::ALL
        } else {
            set
        }
    }

    /// What a statement may change: the tables it names, and those whose rows are deleted with theirs. Nothing where it
    /// only reads.
    pub(crate) fn changed_by(sql: &str) -> Self {
        if words(sql)
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("select"))
        {
            return Self::default();
        }
        let named = Self::named_in(sql);
        named
            .iter()
            .filter_map(|table| SCHEMA.followers.get(table))
            .fold(named, |set, followers| set.with(*followers))
    }

    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The number of each table in the set.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..count()).filter(move |table| self.0 & (1 << table) != 0)
    }
}

impl Schema {
    /// Reads the `CREATE TABLE` statements of the migrations: the names, and which tables say `ON DELETE CASCADE`.
    fn of(texts: impl Iterator<Item = &'static str>) -> Self {
        let mut numbers = HashMap::new();
        let mut follows = Vec::new();
        for statement in texts.flat_map(|text| text.split(';')) {
            let Some(created) = created_table(statement) else {
                continue;
            };
            let next = numbers.len();
            let number = *numbers.entry(created).or_insert(next);
            follows.extend(cascading_parents(statement).map(|parent| (parent, number)));
        }
        let mut followers = vec![TableSet::default(); numbers.len()];
        // A chain of tables is as long as there are tables at most.
        for _ in 0..numbers.len() {
            for (parent, child) in &follows {
                let theirs = followers.get(*child).copied().unwrap_or_default();
                let added = TableSet::one(*child).with(theirs);
                if let Some(set) = numbers
                    .get(parent)
                    .and_then(|parent| followers.get_mut(*parent))
                {
                    *set = set.with(added);
                }
            }
        }
        Self { numbers, followers }
    }
}

fn created_table(statement: &'static str) -> Option<&'static str> {
    let after = statement.split("CREATE TABLE").nth(1)?;
    words(after).find(|word| !["IF", "NOT", "EXISTS"].contains(word))
}

fn cascading_parents(statement: &'static str) -> impl Iterator<Item = &'static str> {
    let references = statement.split("REFERENCES").skip(1);
    references
        .filter(|after| {
            let end = after.find(')').unwrap_or(after.len());
            let rest = after.get(end + 1..).unwrap_or_default();
            rest.trim_start().starts_with("ON DELETE CASCADE")
        })
        .filter_map(|after| words(after).next())
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> TableSet {
        names.iter().fold(TableSet::default(), |set, name| {
            set.with(TableSet::one(SCHEMA.numbers[name]))
        })
    }

    #[test]
    fn the_schema_names_its_tables() {
        for name in ["meta", "roles", "kms_keys", "secret_labels", "ecs_tasks"] {
            assert!(SCHEMA.numbers.contains_key(name), "{name}");
        }
        assert!(count() < 128);
    }

    #[test]
    fn a_statement_reads_every_table_that_it_names() {
        let sql = "SELECT s.arn FROM secrets s JOIN secret_versions v ON v.secret_arn = s.arn";
        assert_eq!(
            TableSet::named_in(sql),
            set(&["secrets", "secret_versions"])
        );
    }

    #[test]
    fn a_statement_that_names_no_table_may_read_and_change_any() {
        assert_eq!(TableSet::named_in("PRAGMA whatever"), TableSet::ALL);
        assert_eq!(TableSet::changed_by("PRAGMA whatever"), TableSet::ALL);
    }

    #[test]
    fn what_is_deleted_with_a_row_changes_too() {
        let changed = TableSet::changed_by("DELETE FROM secrets WHERE arn = $1");
        let least = set(&["secrets", "secret_versions", "secret_labels"]);
        assert_eq!(changed.with(least), changed);
        assert_eq!(
            TableSet::changed_by("DELETE FROM secret_labels WHERE label = $1"),
            set(&["secret_labels"])
        );
    }

    #[test]
    fn a_reading_statement_changes_nothing() {
        let sql = "SELECT 1 FROM roles WHERE id = $1 FOR UPDATE";
        assert_eq!(TableSet::changed_by(sql), TableSet::default());
        let sql = "WITH gone AS (DELETE FROM roles RETURNING id) SELECT id FROM gone";
        assert_eq!(TableSet::changed_by(sql), set(&["roles"]));
    }
}
