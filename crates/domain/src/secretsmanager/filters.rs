//! The filters of `ListSecrets`, as pure questions about a secret.

use api::secretsmanager::{Filter, FilterNameStringType};
use store::secrets::Secret;

/// Whether a secret passes every filter. The values of one filter are alternatives.
pub(super) fn matches(secret: &Secret, filters: &[Filter]) -> bool {
    filters.iter().all(|filter| {
        let values = filter.values.iter().flatten();
        values
            .clone()
            .any(|value| matches_value(secret, filter.key, value))
    })
}

/// Whether a secret has what one value asks for; a `!` in front turns the question around.
fn matches_value(secret: &Secret, key: Option<FilterNameStringType>, value: &str) -> bool {
    if let Some(value) = value.strip_prefix('!') {
        return !matches_value(secret, key, value);
    }
    let mut tags = secret.tags.iter().flatten();
    match key {
        Some(FilterNameStringType::Name) => secret.name.starts_with(value),
        Some(FilterNameStringType::Description) => {
            let words = plain_words(secret.description.as_deref().unwrap_or_default());
            every_word_begins_one_of(&plain_words(value), &words)
        }
        Some(FilterNameStringType::TagKey) => tags.any(|tag| tag.key.starts_with(value)),
        Some(FilterNameStringType::TagValue) => tags.any(|tag| tag.value.starts_with(value)),
        Some(FilterNameStringType::All) => {
            let tags = tags.flat_map(|tag| [tag.key.as_str(), tag.value.as_str()]);
            let words: Vec<String> = std::iter::once(secret.name.as_str())
                .chain(secret.description.as_deref())
                .chain(tags)
                .flat_map(split_words)
                .collect();
            // AWS: what is searched for is split at spaces only, so `SomeSecret` finds nothing.
            let asked: Vec<String> = value.split(' ').map(str::to_lowercase).collect();
            every_word_begins_one_of(&asked, &words)
        }
        Some(FilterNameStringType::PrimaryRegion) => secret
            .primary_region
            .as_ref()
            .is_some_and(|region| region.as_str().starts_with(value)),
        // Nothing here is managed by another service.
        Some(FilterNameStringType::OwningService) | None => false,
    }
}

/// Whether each asked word is the beginning of some word; no word asked for finds nothing.
fn every_word_begins_one_of(asked: &[String], words: &[String]) -> bool {
    let mut asked = asked.iter().filter(|word| !word.is_empty()).peekable();
    asked.peek().is_some()
        && asked.all(|asked| words.iter().any(|word| word.starts_with(asked.as_str())))
}

/// Lower-case words between spaces and punctuation.
fn plain_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Lower-case words as the filter `all` sees them: they also end where letters meet digits and where a capital follows
/// a small letter, and the last capital of a run belongs to the small letters after it (`COMPAN`, `Ythings`).
fn split_words(text: &str) -> Vec<String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Class {
        Upper,
        Lower,
        Digit,
        Other,
    }
    let class = |c: char| match c {
        c if c.is_uppercase() => Class::Upper,
        c if c.is_numeric() => Class::Digit,
        c if c.is_alphanumeric() => Class::Lower,
        _ => Class::Other,
    };

    let mut words = vec![String::new()];
    let mut before = Class::Other;
    for c in text.chars() {
        let now = class(c);
        let mut carried = String::new();
        if let Some(word) = words.last_mut()
            && (before, now) == (Class::Upper, Class::Lower)
            && word.chars().count() > 1
        {
            carried.extend(word.pop());
        }
        let goes_on = before == now || (before, now) == (Class::Upper, Class::Lower);
        if !carried.is_empty() || !goes_on {
            words.push(carried);
        }
        if now != Class::Other
            && let Some(word) = words.last_mut()
        {
            word.push(c);
        }
        before = now;
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| word.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use api::secretsmanager::FilterNameStringType as Key;
    use types::{Tag, Timestamp};

    use super::*;

    fn secret(name: &str, description: &str, tags: &[(&str, &str)]) -> Secret {
        let tag = |(key, value): &(&str, &str)| Tag {
            key: (*key).into(),
            value: (*value).into(),
        };
        Secret {
            arn: String::new(),
            account: "123456789012".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            name: name.into(),
            description: Some(description.into()),
            kms_key_id: None,
            tags: Some(tags.iter().map(tag).collect()),
            policy: None,
            created: Timestamp::default(),
            changed: Timestamp::default(),
            accessed: None,
            deletion: None,
            primary_region: None,
        }
    }

    fn filter(key: Key, values: &[&str]) -> Filter {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Filter {
            key: Some(key),
            values: Some(values),
        }
    }

    fn finds(secret: &Secret, key: Key, value: &str) -> bool {
        matches(secret, &[filter(key, &[value])])
    }

    #[test]
    fn a_name_is_found_by_how_it_begins_and_not_by_its_words() {
        let secret = secret("testing1/one", "", &[]);
        assert!(finds(&secret, Key::Name, "testing1"));
        assert!(!finds(&secret, Key::Name, "Testing1"));
        assert!(!finds(&secret, Key::Name, "testing1 one"));
        assert!(!finds(&secret, Key::Name, "/"));
        assert!(!finds(&secret, Key::Name, "one"));
    }

    #[test]
    fn a_description_is_found_when_each_word_begins_one_of_its_words() {
        let described = |text| secret("s", text, &[]);
        for value in ["one two", "o t", "One", "t"] {
            assert!(
                finds(&described("one and two"), Key::Description, value),
                "{value}"
            );
        }
        assert!(!finds(
            &described("one and two"),
            Key::Description,
            "one three"
        ));
        assert!(!finds(&described("one and two"), Key::Description, "wo"));
        assert!(finds(&described("an secret"), Key::Description, "a secret"));
        assert!(!finds(&described("asecret"), Key::Description, "a secret"));
    }

    #[test]
    fn tags_are_found_by_how_key_or_value_begin() {
        let secret = secret("s", "", &[("Stage", "prod")]);
        assert!(finds(&secret, Key::TagKey, "Sta"));
        assert!(!finds(&secret, Key::TagKey, "stage"));
        assert!(finds(&secret, Key::TagValue, "prod"));
        assert!(!finds(&secret, Key::TagValue, "Stage"));
    }

    #[test]
    fn all_looks_for_words_everywhere() {
        let named = |name| secret(name, "", &[]);
        for (name, value) in [
            ("DescTwo", "d t"),
            ("SecretOne", "sec"),
            ("prod/AppBeta/x", "Beta"),
            ("COMPANYthings", "Ythings"),
            ("COMPANYthings", "compan"),
            ("v2beta", "be"),
        ] {
            assert!(finds(&named(name), Key::All, value), "{value} in {name}");
        }
        for (name, value) in [
            ("SomeSecret", "SomeSecret"),
            ("Thirdsecret", "sec"),
            ("SecretOne", "ret"),
            ("COMPANYthings", "company"),
            ("a+b", "+"),
            ("a", ""),
        ] {
            assert!(!finds(&named(name), Key::All, value), "{value} in {name}");
        }
        let spread = secret("first", "second part", &[("third", "fourth")]);
        assert!(finds(&spread, Key::All, "fir sec thi fou"));
    }

    #[test]
    fn values_are_alternatives_filters_add_up_and_an_exclamation_mark_negates() {
        let secret = secret("app/db", "main database", &[]);
        assert!(matches(&secret, &[filter(Key::Name, &["x", "app"])]));
        assert!(!matches(
            &secret,
            &[filter(Key::Name, &["app"]), filter(Key::Name, &["x"])]
        ));
        assert!(finds(&secret, Key::Name, "!x"));
        assert!(!finds(&secret, Key::Name, "!app"));
    }
}
