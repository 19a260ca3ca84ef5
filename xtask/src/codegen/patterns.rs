//! The models' regular expressions, which are Java's, in the syntax of the `regex` crate.

use anyhow::Context;
use regex::Regex;

/// Translates one pattern and checks that it compiles. The whole text has to match, as AWS applies them.
pub fn translate(pattern: &str) -> anyhow::Result<String> {
    let whole = format!(r"\A(?:{})\z", rewrite(pattern));
    Regex::new(&whole)
        .with_context(|| format!("pattern {pattern:?}; rewrite it in operations.toml"))?;
    Ok(whole)
}

/// In Java the classes are ASCII, and `&&` is the only operator inside brackets.
fn rewrite(pattern: &str) -> String {
    let mut rewritten = String::new();
    let mut depth = 0_usize;
    let mut letters = pattern.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\\' => {
                let class = match letters.next() {
                    Some('w') => "A-Za-z0-9_".to_owned(),
                    Some('d') => "0-9".to_owned(),
                    Some('s') => r" \t\n\x0B\f\r".to_owned(),
                    Some(other) => {
                        rewritten.extend(['\\', other]);
                        continue;
                    }
                    None => continue,
                };
                if depth > 0 {
                    rewritten.push_str(&class);
                } else {
                    rewritten.extend(["[", &class, "]"]);
                }
            }
            '-' | '~' if depth > 0 && letters.peek() == Some(&c) => rewritten.extend(['\\', c]),
            _ => {
                match c {
                    '[' => depth += 1,
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                rewritten.push(c);
            }
        }
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_characters_are_ascii_as_in_java() {
        let regex = Regex::new(&translate(r"[\w+=,.@-]+").unwrap()).unwrap();
        assert!(regex.is_match("a_1+=,.@-"));
        assert!(!regex.is_match("ä"));
    }

    #[test]
    fn the_whole_text_has_to_match() {
        let regex = Regex::new(&translate("tag:.+|Name").unwrap()).unwrap();
        assert!(regex.is_match("Name"));
        assert!(!regex.is_match("Names"));
    }

    #[test]
    fn look_ahead_is_reported() {
        assert!(translate("^(?!aws:).*$").is_err());
    }
}
