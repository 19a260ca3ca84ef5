//! The lines of an environment file, as the reference agent reads them. Pure.

use std::collections::BTreeMap;

use types::SecretValue;

/// AWS: the scanner of the agent takes no line of this many bytes.
const TOO_LONG: usize = 64 * 1024;

/// The variables of a file: what stands before and after the first `=` of a line, to the letter. Of a name that comes
/// twice, the last line counts.
// AWS: a line with nothing on one side of it is no variable, so a file cannot set an empty one.
pub(super) fn variables(file: &SecretValue) -> Result<BTreeMap<String, SecretValue>, &'static str> {
    let mut variables = BTreeMap::new();
    for line in file.expose_secret().split(|byte| *byte == b'\n') {
        if line.len() >= TOO_LONG {
            return Err("bufio.Scanner: token too long");
        }
        // AWS: one carriage return belongs to the end of the line.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"#") {
            continue;
        }
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        if name.is_empty() || value.is_empty() {
            continue;
        }
        // The engine takes neither; its own text about a zero byte would show the value.
        let name = std::str::from_utf8(name).map_err(|_| "a name is not UTF-8")?;
        let text = std::str::from_utf8(value).map_err(|_| "a value is not UTF-8")?;
        if name.contains('\0') || text.contains('\0') {
            return Err("a line contains a zero byte, which no environment variable can hold");
        }
        variables.insert(name.to_owned(), SecretValue::from(text));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(file: &str) -> Vec<(String, String)> {
        let variables = variables(&SecretValue::from(file)).unwrap();
        let text = |value: SecretValue| value.expose_secret_str().unwrap().to_owned();
        variables
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect()
    }

    fn one(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn comments_and_lines_without_a_value_are_no_variables() {
        let nothing = [
            "",
            "\n\n",
            "#A=1",
            "A",
            "=1",
            "=",
            "A=",
            "# A = 1",
            "export",
            "#\n=x\nB=\n",
        ];
        for file in nothing {
            assert_eq!(read(file), [], "{file}");
        }
    }

    #[test]
    fn the_rest_of_a_line_is_the_value_to_the_letter() {
        assert_eq!(read("A=b=c=d"), one("A", "b=c=d"));
        assert_eq!(read("A=\"quoted\""), one("A", "\"quoted\""));
        assert_eq!(read("A='q' # no comment"), one("A", "'q' # no comment"));
        assert_eq!(read(" A = 1 "), one(" A ", " 1 "));
        assert_eq!(read(" #A=1"), one(" #A", "1"));
        assert_eq!(read("A=$B${C}\\n"), one("A", "$B${C}\\n"));
        assert_eq!(read("export A=1"), one("export A", "1"));
        assert_eq!(read("A=ü✓"), one("A", "ü✓"));
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return() {
        assert_eq!(read("A=1\r\n"), one("A", "1"));
        assert_eq!(read("A=1\r\r\n"), one("A", "1\r"));
        assert_eq!(read("A=1"), one("A", "1"));
    }

    #[test]
    fn the_last_line_of_a_name_counts() {
        assert_eq!(read("A=1\nA=2\nA=\n"), one("A", "2"));
    }

    #[test]
    fn a_line_that_the_scanner_does_not_take_is_an_error() {
        let line = |length: usize| format!("A={}", "x".repeat(length - 2));
        assert_eq!(read(&line(TOO_LONG - 1)).len(), 1);
        for file in [
            line(TOO_LONG),
            format!("#{}", line(TOO_LONG)),
            format!("B=1\n{}\n", line(TOO_LONG)),
        ] {
            assert_eq!(
                variables(&SecretValue::from(file)).err(),
                Some("bufio.Scanner: token too long")
            );
        }
    }

    #[test]
    fn what_no_variable_can_hold_is_an_error_without_the_value() {
        let why = variables(&SecretValue::from("A=s\0ecret")).err().unwrap();
        assert!(why.contains("zero byte") && !why.contains("ecret"));
        assert!(variables(&SecretValue::from(b"A=\xFF".to_vec())).is_err());
    }

    proptest! {
        #[test]
        fn any_file_is_read_and_every_variable_is_one_of_its_lines(file in "([#=A-C \r\"]{0,6}\n){0,8}") {
            for (name, value) in read(&file) {
                prop_assert!(!name.is_empty() && !value.is_empty() && !name.starts_with('#') && !name.contains('='));
                let line = format!("{name}={value}");
                let returned = line.clone() + "\r";
                let is_there = file.split('\n').any(|one| one == line || one == returned);
                prop_assert!(is_there);
            }
        }
    }
}
