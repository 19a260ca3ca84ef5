//! Every format gives back what was written in it, and says what it cannot hold.

use proptest::prelude::*;

use super::*;

const ALL: [Format; 5] = [
    Format::Dotenv,
    Format::Json,
    Format::Yaml,
    Format::Chamber,
    Format::ChamberDotenv,
];

fn entries(pairs: &[(&str, &str)]) -> Vec<Entry> {
    let entry = |(key, value): &(&str, &str)| Entry {
        key: Key::parse(key).unwrap(),
        value: SecretValue::from(*value),
    };
    pairs.iter().map(entry).collect()
}

fn text(format: Format, pairs: &[(&str, &str)]) -> String {
    let written = write(format, &entries(pairs)).unwrap();
    written.expose_secret_str().unwrap().to_owned()
}

/// The keys and values of a file.
fn pairs(format: Format, text: &str) -> Vec<(String, String)> {
    let entries = read(format, text).unwrap();
    let pair = |entry: Entry| {
        let value = entry.value.expose_secret_str().unwrap().to_owned();
        (entry.key.to_string(), value)
    };
    entries.into_iter().map(pair).collect()
}

fn at(outcome: Result<impl Sized, Vec<Problem>>) -> Vec<String> {
    let problems = outcome.err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.at).collect()
}

fn one(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

#[test]
fn nested_maps_are_a_hierarchy() {
    let hierarchy = [("db/host", "h"), ("db/user/name", "u"), ("top", "t")];
    assert_eq!(
        text(Format::Json, &hierarchy),
        "{\n  \"db\": {\n    \"host\": \"h\",\n    \"user\": {\n      \"name\": \"u\"\n    }\n  },\n  \"top\": \"t\"\n}\n"
    );
    assert_eq!(
        text(Format::Yaml, &hierarchy),
        "db:\n  host: \"h\"\n  user:\n    name: \"u\"\ntop: \"t\"\n"
    );
    assert_eq!(
        text(Format::Dotenv, &hierarchy),
        "db__host=h\ndb__user__name=u\ntop=t\n"
    );
}

#[test]
fn a_parameter_may_have_others_below_it() {
    let both = [("a", "1"), ("a/b", "2"), ("a/b/c", "3"), ("a/d/e", "4")];
    for format in [Format::Json, Format::Yaml, Format::Dotenv] {
        let read = read(format, &text(format, &both)).unwrap();
        assert_eq!(read, entries(&both), "{format:?}");
    }
    assert!(text(Format::Yaml, &both).contains("a/d:\n  e: \"4\"\n"));
}

#[test]
fn what_people_write_in_dotenv_files_is_read() {
    let file = "# a comment\n\nexport A=plain # not part of it\nB = 'single $x \\n'\r\nC=\"two\nlines\\tand \\\"quotes\\\" \\$5 \\d\" # end\nD=\nE=a#b\n";
    let expected = [
        ("A", "plain"),
        ("B", "single $x \\n"),
        ("C", "two\nlines\tand \"quotes\" $5 \\d"),
        ("D", ""),
        ("E", "a#b"),
    ];
    let read = read(Format::Dotenv, file).unwrap();
    assert_eq!(read, entries(&expected));
}

#[test]
fn a_broken_dotenv_file_is_refused_by_its_line_and_no_value_is_told() {
    for (file, line) in [
        ("A=1\nhunter2\n", "line 2"),
        ("A='\n\n'\nB=\"hunter2\n", "line 4"),
        ("A='hunter2' more", "line 1"),
        ("=hunter2", "line 1"),
    ] {
        let problems = read(Format::Dotenv, file).unwrap_err();
        assert_eq!(problems[0].at, line, "{file}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}

#[test]
fn names_that_a_variable_cannot_have_are_listed() {
    let names = [
        ("ok", "v"),
        ("with-hyphen", "v"),
        ("a.b", "v"),
        ("1st", "v"),
        ("a__b", "v"),
        ("a_/b", "v"),
    ];
    let refused = at(write(Format::Dotenv, &entries(&names)));
    assert_eq!(refused, ["1st", "a.b", "a_/b", "a__b", "with-hyphen"]);
}

#[test]
fn yaml_scalars_stay_as_they_are_written() {
    let file = "a: 007\nb: 1.10\nc: yes\nd: 2024-01-02\ne: |\n  two\n  lines\nf: 'it''s'\ng: !!str null\n? h\n: x\n";
    let expected = [
        ("a", "007"),
        ("b", "1.10"),
        ("c", "yes"),
        ("d", "2024-01-02"),
        ("e", "two\nlines\n"),
        ("f", "it's"),
        ("g", "null"),
        ("h", "x"),
    ];
    assert_eq!(read(Format::Yaml, file).unwrap(), entries(&expected));
    for empty in ["", "{}", "# nothing\n", "---\n"] {
        assert_eq!(read(Format::Yaml, empty).unwrap(), []);
    }
}

#[test]
fn what_yaml_has_and_parameters_have_not_is_refused() {
    for (file, place) in [
        ("a:\n  b: [1, {c: d}]\ne: f\n", "a/b"),
        ("a: ~\n", "a"),
        ("a:\n", "a"),
        ("a b: c\n", "a b"),
        ("a: &x 1\nb: *x\n", "line 2"),
        ("a: !secret x\n", "line 1"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("? [a]\n: b\n", "line 1"),
        ("? {a: b}\n: c\n", "line 1"),
        ("hunter2\n", "line 1"),
        ("a: \"hunter2\n", "line 1"),
        ("a: 1\na: 2\n", "a"),
    ] {
        let problems = read(Format::Yaml, file).unwrap_err();
        assert_eq!(problems[0].at, place, "{file}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}

#[test]
fn whole_numbers_and_booleans_of_json_are_texts_and_nothing_else_is_guessed() {
    let read_back = pairs(Format::Json, "{\"a\": 5432}");
    assert_eq!(read_back, one("a", "5432"));
    assert_eq!(
        pairs(Format::Json, "{\"a\": {\"b/c\": true}}"),
        one("a/b/c", "true")
    );
    let refused = at(read(
        Format::Json,
        r#"{"a": 1.10, "b": null, "c": [1], "d": {"e f": "x"}, "g": "1"}"#,
    ));
    assert_eq!(refused, ["a", "b", "c", "d/e f"]);
    for (file, place) in [
        ("{\"a\": \"hunter2\"", "line 1, column 15"),
        ("{\"a\": hunter2}", "line 1, column 7"),
        ("\"hunter2\"", "the file"),
        ("{\"a\": \"1\", \"a\": \"2\"}", "a"),
        ("{\"a\": {\"b\": \"1\"}, \"a/b\": \"2\"}", "a/b"),
    ] {
        let problems = read(Format::Json, file).unwrap_err();
        assert_eq!(problems[0].at, place, "{file}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}

#[test]
fn chamber_has_one_level_of_keys_in_lower_case() {
    assert_eq!(
        pairs(Format::Chamber, "{\"API_KEY\": \"v\"}"),
        one("api_key", "v")
    );
    assert_eq!(
        at(read(Format::Chamber, "{\"a\": {\"b\": \"v\"}}")),
        ["a/b"]
    );
    assert_eq!(
        at(read(Format::Chamber, "{\"a\": \"1\", \"A\": \"2\"}")),
        ["a"]
    );
    let service = [("api-key", "v$"), ("__chamber.service.metadata", "{}")];
    assert_eq!(
        text(Format::Chamber, &service),
        "{\n  \"api-key\": \"v$\"\n}\n"
    );
    assert_eq!(text(Format::ChamberDotenv, &service), "API_KEY=\"v\\$\"\n");
    let keys = [("Upper", "v"), ("deep/er", "v")];
    let refused = at(write(Format::Chamber, &entries(&keys)));
    assert_eq!(refused, ["Upper", "deep/er"]);
    let same = [("a-b", "1"), ("a_b", "2")];
    assert_eq!(at(write(Format::ChamberDotenv, &entries(&same))), ["a_b"]);
}

#[test]
fn a_file_may_begin_with_the_mark_of_a_windows_editor() {
    for (format, file) in [
        (Format::Json, "\u{feff}{\"a\":\"b\"}"),
        (Format::Yaml, "\u{feff}a: b"),
        (Format::Dotenv, "\u{feff}a=b"),
    ] {
        assert_eq!(pairs(format, file), one("a", "b"), "{format:?}");
    }
}

#[test]
fn a_tree_is_drawn_from_its_paths() {
    let node = |path: &str| Node {
        path: path.to_owned(),
        about: "String".to_owned(),
    };
    let nodes = ["/app/a", "/app/a/b", "/app/c/d"].map(node);
    let drawn = "/app\n├── a  String\n│   └── b  String\n└── c\n    └── d  String\n";
    assert_eq!(tree("/app", &nodes), drawn);
    assert_eq!(tree("", &[]), "/\n");
}

/// A value with everything in it that means something somewhere.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,9}",
        "[ \\n\\r\\t\"'\\\\$`!#=:,{}\\[\\]&*?|>%@~-]{1,12}",
        "\\PC{1,12}",
        proptest::collection::vec(any::<char>(), 1..8).prop_map(String::from_iter),
        Just("null".to_owned()),
        Just("- a: |\n  b".to_owned()),
    ]
}

fn any_file(key: &'static str) -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::btree_map(key, any_value(), 0..8).prop_map(|map| {
        map.into_iter()
            .filter_map(|(key, value)| {
                Some(Entry {
                    key: Key::parse(&key)?,
                    value: SecretValue::from(value),
                })
            })
            .collect()
    })
}

fn gives_back(format: Format, entries: &[Entry]) -> Result<(), TestCaseError> {
    let Ok(file) = write(format, entries) else {
        return Ok(());
    };
    let file = file.expose_secret_str().unwrap().to_owned();
    let mut read = read(format, &file)
        .map_err(|problems| TestCaseError::fail(format!("{format:?} {problems:?} in {file:?}")))?;
    read.sort_by(|a, b| a.key.cmp(&b.key));
    let mut entries = entries.to_vec();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    prop_assert!(read == entries, "{:?}: {:?}", format, file);
    Ok(())
}

proptest! {
    #[test]
    fn json_and_yaml_hold_every_hierarchy(file in any_file("[a-b]{1,2}(/[aN1.-]{1,2}){0,3}")) {
        for format in [Format::Json, Format::Yaml] {
            prop_assert!(write(format, &file).is_ok());
            gives_back(format, &file)?;
        }
    }

    #[test]
    fn dotenv_holds_names_that_variables_can_have(file in any_file("[A-Za-z]{1,4}(/[a-z]{1,2}){0,2}")) {
        prop_assert!(write(Format::Dotenv, &file).is_ok());
        gives_back(Format::Dotenv, &file)?;
    }

    #[test]
    fn dotenv_never_gives_back_another_name(file in any_file("[a_.-]{1,4}(/[a_]{1,3}){0,2}")) {
        gives_back(Format::Dotenv, &file)?;
    }

    #[test]
    fn chamber_holds_keys_in_lower_case(file in any_file("[a-z][a-z0-9_.-]{0,5}")) {
        prop_assert!(write(Format::Chamber, &file).is_ok());
        gives_back(Format::Chamber, &file)?;
    }

    #[test]
    fn chamber_dotenv_holds_keys_without_hyphens(file in any_file("[a-z][a-z0-9_]{0,5}")) {
        prop_assert!(write(Format::ChamberDotenv, &file).is_ok());
        gives_back(Format::ChamberDotenv, &file)?;
    }

    #[test]
    fn reading_anything_never_panics(file in "[a-c:={}\\[\\]\"'\\\\\n #&*!|>?~,-]{0,40}") {
        for format in ALL {
            let _ = read(format, &file);
        }
    }
}
