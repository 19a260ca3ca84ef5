//! Text with wildcards and policy variables, and the matcher for it.

use crate::context::Context;

/// Whether letters must have the same case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

/// Which characters of a text have a meaning beyond themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub wildcards: bool,
    /// `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.
    pub variables: bool,
}

/// A compiled text of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    case: Case,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `*`: any text, also none.
    AnyText,
    /// `?`: one character.
    AnyCharacter,
    Variable(Box<Named>),
}

/// A policy variable.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    /// In lower case.
    key: String,
    /// The key as its author spelled it.
    written: String,
    default: Option<String>,
}

impl Pattern {
    pub(crate) fn parse(text: &str, syntax: Syntax, case: Case) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let (piece, next) = match c {
                '*' if syntax.wildcards => (Piece::AnyText, after),
                '?' if syntax.wildcards => (Piece::AnyCharacter, after),
                '$' if syntax.variables && after.starts_with('{') => match variable(after) {
                    Some((Variable::Escaped(escaped), next)) => {
                        literal.push(escaped);
                        rest = next;
                        continue;
                    }
                    Some((Variable::Named(named), next)) => {
                        (Piece::Variable(Box::new(named)), next)
                    }
                    None => {
                        literal.push(c);
                        rest = after;
                        continue;
                    }
                },
                _ => {
                    literal.push(c);
                    rest = after;
                    continue;
                }
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
            rest = next;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Self { pieces, case }
    }

    /// Whether the whole of `text` fits. A variable stands for its value, letter by letter: wildcards that came with the
    /// value are ordinary characters. A variable without value or default fits nothing.
    pub(crate) fn matches(&self, text: &str, variables: &Context) -> bool {
        let mut pieces = self.pieces.as_slice();
        let mut rest = text;
        // Where the last `*` stood, and where the text it has not swallowed begins.
        let mut star: Option<(&[Piece], &str)> = None;
        loop {
            let step = match pieces.split_first() {
                Some((Piece::AnyText, after)) => {
                    star = Some((after, rest));
                    Some((after, rest))
                }
                Some((piece, after)) => self.take(piece, rest, variables).map(|rest| (after, rest)),
                None if rest.is_empty() => return true,
                None => None,
            };
            if let Some(onward) = step {
                (pieces, rest) = onward;
                continue;
            }
            // Back to the last `*`, which swallows one character more.
            let Some((after, from)) = star else {
                return false;
            };
            let mut longer = from.chars();
            if longer.next().is_none() {
                return false;
            }
            (pieces, rest) = (after, longer.as_str());
            star = Some((pieces, rest));
        }
    }

    /// The condition keys that stand in it as variables, as they are written.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(named) => Some(named.written.as_str()),
            _ => None,
        })
    }

    /// What is left of `text` after `piece`; `None` where it does not begin with it.
    fn take<'t>(&self, piece: &Piece, text: &'t str, variables: &Context) -> Option<&'t str> {
        match piece {
            Piece::AnyText => Some(text),
            Piece::AnyCharacter => {
                let mut chars = text.chars();
                chars.next().map(|_| chars.as_str())
            }
            Piece::Text(literal) => self.strip(literal, text),
            Piece::Variable(named) => {
                let value = variables.single(&named.key).or(named.default.as_deref())?;
                self.strip(value, text)
            }
        }
    }

    fn strip<'t>(&self, prefix: &str, text: &'t str) -> Option<&'t str> {
        match self.case {
            Case::Sensitive => text.strip_prefix(prefix),
            Case::Insensitive => {
                let (start, rest) = text.split_at_checked(prefix.len())?;
                start.eq_ignore_ascii_case(prefix).then_some(rest)
            }
        }
    }
}

enum Variable {
    Escaped(char),
    Named(Named),
}

impl Variable {
    fn named(key: &str, default: Option<&str>) -> Self {
        let written = key.trim();
        Self::Named(Named {
            key: written.to_ascii_lowercase(),
            written: written.to_owned(),
            default: default.map(str::to_owned),
        })
    }
}

/// Reads `{…}` after a `$`, and what follows it.
fn variable(text: &str) -> Option<(Variable, &str)> {
    let inner = text.strip_prefix('{')?;
    // Up to the next brace of either kind and no further, so that a text full of `${` is read in one go.
    let (name, rest) = inner.split_at_checked(inner.find([',', '}', '{'])?)?;
    if let Some(rest) = rest.strip_prefix('}') {
        let variable = match name {
            "*" | "?" | "$" => Variable::Escaped(name.chars().next()?),
            key => Variable::named(key, None),
        };
        return Some((variable, rest));
    }
    let quoted = rest.strip_prefix(',')?.trim_start().strip_prefix('\'')?;
    let (default, rest) = quoted.split_once('\'')?;
    let rest = rest.trim_start().strip_prefix('}')?;
    Some((Variable::named(name, Some(default)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: Syntax = Syntax {
        wildcards: true,
        variables: true,
    };

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern, FULL, Case::Sensitive).matches(text, &Context::new())
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        assert!(fits("db-??????", "db-AbCdEf"));
        assert!(!fits("db-??????", "db-AbCdE"));
        assert!(fits("a*b*c", "a--b-b--c"));
        assert!(!fits("a*b*c", "a--c--b"));
        assert!(fits("*", ""));
        assert!(!fits("?", ""));
        assert!(fits("?", "é"));
        assert!(!fits("DB", "db"));
    }

    #[test]
    fn a_variable_is_its_value_and_its_wildcards_are_ordinary() {
        let context = Context::new()
            .with("aws:username", "ann")
            .with("aws:PrincipalTag/Glob", "*");
        let fits = |pattern: &str, text: &str| {
            Pattern::parse(pattern, FULL, Case::Sensitive).matches(text, &context)
        };
        assert!(fits("home/${aws:username}/*", "home/ann/x"));
        assert!(!fits("home/${aws:username}/*", "home/bob/x"));
        assert!(fits("${AWS:UserName}", "ann"));
        assert!(fits("${aws:PrincipalTag/glob}", "*"));
        assert!(!fits("${aws:PrincipalTag/glob}", "anything"));
    }

    #[test]
    fn a_variable_without_value_takes_its_default_or_fits_nothing() {
        assert!(fits("${aws:PrincipalTag/team, 'blue'}/x", "blue/x"));
        assert!(fits("${aws:PrincipalTag/team,'b, c'}", "b, c"));
        assert!(!fits("${aws:PrincipalTag/team}", ""));
        assert!(!fits("*${aws:PrincipalTag/team}*", "anything"));
    }

    #[test]
    fn escapes_stand_for_themselves() {
        assert!(fits("${*}${?}${$}", "*?$"));
        assert!(!fits("${*}", "x"));
        assert!(fits("cost$5", "cost$5"));
    }

    #[test]
    fn without_variables_their_text_is_literal() {
        let syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        let pattern = Pattern::parse("${aws:username}", syntax, Case::Sensitive);
        let context = Context::new().with("aws:username", "ann");
        assert!(pattern.matches("${aws:username}", &context));
        assert!(!pattern.matches("ann", &context));
    }

    #[test]
    fn case_is_ignored_where_asked() {
        let pattern = Pattern::parse("secretsManager:Get*", FULL, Case::Insensitive);
        assert!(pattern.matches("secretsmanager:getSecretValue", &Context::new()));
    }

    /// The definition of the wildcards, written as plainly as possible.
    fn oracle(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|n| oracle(rest, &text[n..])),
            (['?', p @ ..], [_, t @ ..]) => oracle(p, t),
            ([a, p @ ..], [b, t @ ..]) => a == b && oracle(p, t),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_the_definition(pattern in "[ab*?é]{0,10}", text in "[abé]{0,12}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), oracle(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn no_text_makes_it_panic(pattern in "\\PC{0,40}|[${}*?,' a]{0,20}", text in "\\PC{0,40}") {
            let _ = fits(&pattern, &text);
        }

        #[test]
        fn every_text_without_wildcards_fits_itself(text in "[^*?$]{0,40}") {
            prop_assert!(fits(&text, &text));
        }
    }
}
