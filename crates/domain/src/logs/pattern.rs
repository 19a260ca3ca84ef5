//! Filter patterns of FilterLogEvents: terms, phrases, options, exclusions and expressions. Patterns over JSON and over
//! space-delimited fields are refused.

use api::logs::Error;
use regex::Regex;

use super::errors::invalid;

/// What a line must contain. Everything is compared with regard to case, as at AWS.
#[derive(Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Pattern {
    all: Vec<Term>,
    /// Counts only where there is nothing else: AWS ignores `?` terms beside others.
    any: Vec<Term>,
    none: Vec<Term>,
}

#[cfg_attr(test, derive(Debug))]
enum Term {
    Text(String),
    Expression(Regex),
}

impl Pattern {
    /// Reads a pattern; an empty one matches every line.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut rest = text.trim();
        if rest.starts_with('{') || rest.starts_with('[') {
            return Err(invalid(
                "sealift filters by terms, phrases and %expressions%; patterns over JSON and over fields are not there.",
            ));
        }
        let mut pattern = Self::default();
        while !rest.is_empty() {
            let (terms, term) = if let Some(option) = rest.strip_prefix('?') {
                (&mut pattern.any, option)
            } else if let Some(exclusion) = rest.strip_prefix('-') {
                (&mut pattern.none, exclusion)
            } else {
                (&mut pattern.all, rest)
            };
            let (term, after) = read(term)?;
            terms.push(term);
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, line: &str) -> bool {
        let holds = |term: &Term| match term {
            Term::Text(text) => line.contains(text.as_str()),
            Term::Expression(expression) => expression.is_match(line),
        };
        if self.none.iter().any(holds) {
            return false;
        }
        if self.all.is_empty() && self.none.is_empty() && !self.any.is_empty() {
            return self.any.iter().any(holds);
        }
        self.all.iter().all(holds)
    }
}

/// One term, and what follows it.
fn read(text: &str) -> Result<(Term, &str), Error> {
    let quoted = |mark: char| {
        let inside = text.strip_prefix(mark)?;
        inside.split_once(mark)
    };
    if let Some((phrase, after)) = quoted('"') {
        return Ok((Term::Text(phrase.to_owned()), after));
    }
    if let Some((expression, after)) = quoted('%') {
        let expression = Regex::new(expression)
            .map_err(|_| invalid("Invalid filter pattern: not a regular expression."))?;
        return Ok((Term::Expression(expression), after));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    if word.is_empty() || word.starts_with(['"', '%']) {
        return Err(invalid("Invalid filter pattern"));
    }
    Ok((Term::Text(word.to_owned()), after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(line)
    }

    #[test]
    fn every_term_must_be_there_in_its_case() {
        assert!(matches("", "anything"));
        assert!(matches("ERROR disk", "a disk ERROR"));
        assert!(!matches("error", "ERROR"));
        assert!(!matches("ERROR disk", "ERROR"));
    }

    #[test]
    fn options_phrases_exclusions_and_expressions() {
        assert!(matches("?ERROR ?WARN", "WARN"));
        assert!(!matches("?ERROR ?WARN", "INFO"));
        assert!(matches("\"not found\"", "page not found"));
        assert!(!matches("\"not found\"", "found, not"));
        assert!(!matches("ERROR -disk", "ERROR disk"));
        assert!(matches("%4[0-9]{2}%", "status 404"));
    }

    #[test]
    fn options_beside_other_terms_do_not_count() {
        assert!(matches("?ERROR INFO", "INFO"));
    }

    #[test]
    fn patterns_that_cannot_be_read_are_refused() {
        for pattern in ["{ $.a = 1 }", "[a, b]", "\"open", "?", "%[%"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in ".{0,40}", line in ".{0,40}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.matches(&line);
            }
        }
    }
}
