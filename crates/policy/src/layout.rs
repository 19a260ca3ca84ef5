//! Where things stand in the text of a policy document.
//!
//! Decisions need none of this. A simulation tells where a statement begins and ends, and a policy whose principals are
//! replaced by their unique ids must keep every other character that its author wrote.

use std::ops::Range;

use crate::json::Json;

/// A place in a text, both from one: what comes after a line break is column one of the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where each statement of a document begins, and where it has ended; empty for what is no JSON.
pub fn statement_positions(text: &str) -> Vec<(Position, Position)> {
    let mut reached = 0_usize;
    let mut position = Position { line: 1, column: 1 };
    // Each begins where the last one ended or later, so the text is counted once.
    let mut at = |offset: usize| {
        for c in text.get(reached..offset).unwrap_or_default().chars() {
            position = position.after(c);
        }
        reached = offset;
        position
    };
    let spans = statements(text).into_iter();
    spans.map(|span| (at(span.start), at(span.end))).collect()
}

/// Gives the users, roles and accounts that a document names as `AWS` principals other names, and leaves every other
/// character as it is. `rename` answers `None` for a name that stays.
pub fn rename_principals(text: &str, mut rename: impl FnMut(&str) -> Option<String>) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut copied = 0;
    for span in principals(text) {
        let quoted = text.get(span.clone()).unwrap_or_default();
        let new = serde_json::from_str::<String>(quoted)
            .ok()
            .and_then(|name| rename(&name));
        if let Some(new) = new {
            renamed.push_str(text.get(copied..span.start).unwrap_or_default());
            renamed.push_str(&serde_json::Value::from(new).to_string());
            copied = span.end;
        }
    }
    renamed.push_str(text.get(copied..).unwrap_or_default());
    renamed
}

impl Position {
    fn after(self, c: char) -> Self {
        if c == '\n' {
            Self {
                line: self.line + 1,
                column: 1,
            }
        } else {
            Self {
                column: self.column + 1,
                ..self
            }
        }
    }
}

fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    walk(text, &mut |path, span, _| match path {
        [Step::Member(statement)] if statement == "Statement" && starts_object(text, &span) => {
            found.push(span);
        }
        [Step::Member(statement), Step::Item] if statement == "Statement" => found.push(span),
        _ => {}
    });
    found
}

fn starts_object(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone())
        .is_some_and(|one| one.starts_with('{'))
}

fn principals(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    walk(text, &mut |path, span, is_text| {
        let mut names = path.iter().filter_map(|step| match step {
            Step::Member(name) => Some(name.as_str()),
            Step::Item => None,
        });
        let place = (names.next(), names.next(), names.next(), names.next());
        if is_text
            && matches!(
                place,
                (
                    Some("Statement"),
                    Some("Principal" | "NotPrincipal"),
                    Some("AWS"),
                    None
                )
            )
        {
            found.push(span);
        }
    });
    found
}

/// What is done with every value: the way to it, where it stands, and whether it is a text.
type Visit<'a> = &'a mut dyn FnMut(&[Step], Range<usize>, bool);

/// One step from the document's root to a value.
enum Step {
    Member(String),
    Item,
}

/// Calls `visit` with the way to every value, where it stands, and whether it is a text; inner values come first.
fn walk(text: &str, visit: Visit<'_>) {
    // The reader below relies on a text that is valid JSON, and not nested too deeply.
    if Json::parse(text).is_some() {
        let mut reader = Reader { text, at: 0 };
        reader.value(&mut Vec::new(), visit);
    }
}

/// Reads a text that is known to be valid.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, path: &mut Vec<Step>, visit: Visit<'_>) {
        self.skip(|byte| byte.is_ascii_whitespace());
        let start = self.at;
        let first = self.peek();
        match first {
            Some(b'{') => self.members(path, visit),
            Some(b'[') => self.items(path, visit),
            Some(b'"') => self.string(),
            _ => {
                let ends = |byte: u8| matches!(byte, b',' | b']' | b'}');
                self.skip(|byte| !ends(byte) && !byte.is_ascii_whitespace());
            }
        }
        visit(path, start..self.at, first == Some(b'"'));
    }

    fn members(&mut self, path: &mut Vec<Step>, visit: Visit<'_>) {
        self.at += 1;
        while self.next_is(b'"') {
            let start = self.at;
            self.string();
            let name = self.text.get(start..self.at).unwrap_or_default();
            path.push(Step::Member(serde_json::from_str(name).unwrap_or_default()));
            self.next_is(b':');
            self.at += 1;
            self.value(path, visit);
            path.pop();
            if self.next_is(b',') {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn items(&mut self, path: &mut Vec<Step>, visit: Visit<'_>) {
        self.at += 1;
        while !self.next_is(b']') && self.peek().is_some() {
            path.push(Step::Item);
            self.value(path, visit);
            path.pop();
            if self.next_is(b',') {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    /// Over a text with its quotes.
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }

    /// Whether this is what comes after blanks, which are skipped.
    fn next_is(&mut self, wanted: u8) -> bool {
        self.skip(|byte| byte.is_ascii_whitespace());
        self.peek() == Some(wanted)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, over: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&over) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_statement_begins_at_its_brace_and_ends_after_it() {
        let text = "{\n  \"Statement\": [\n    {\"Sid\": \"a\"},\n    {\n    }\n  ]\n}";
        let at = |line, column| Position { line, column };
        assert_eq!(
            statement_positions(text),
            [(at(3, 5), at(3, 17)), (at(4, 5), at(5, 6))]
        );
        assert_eq!(
            statement_positions(r#"{"Statement":{"é":1}}"#),
            [(at(1, 14), at(1, 21))]
        );
        assert_eq!(statement_positions("{"), []);
    }

    #[test]
    fn only_principals_are_renamed_and_nothing_else_moves() {
        let text = r#"{ "Statement" : [ {"Principal": {"AWS":["a" , "\u0062"],"Service":"a"},
            "Condition":{"ArnLike":{"aws:PrincipalArn":"a"}}}, {"NotPrincipal":{"AWS":"a"}}] }"#;
        let renamed = rename_principals(text, |name| (name == "a").then(|| "X\"".to_owned()));
        let expected = text
            .replacen(r#"["a""#, r#"["X\"""#, 1)
            .replace(r#"{"AWS":"a"}"#, r#"{"AWS":"X\""}"#);
        assert_eq!(renamed, expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_none_is_changed_without_need(text in "\\PC{0,60}|[{}\\[\\]\",: a1\\\\]{0,40}") {
            let _ = statement_positions(&text);
            prop_assert_eq!(rename_principals(&text, |_| None), text);
        }
    }
}
