//! AWS's names in Rust's casing.

/// The words of a name: `KMSKeyId` is `kms`, `key`, `id`; `RSA_2048` is `rsa`, `2048`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| letters.get(j)).copied();
        let after = letters.get(i + 1).copied();
        let begins_word = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase)
                    && after.is_some_and(char::is_lowercase)));
        if begins_word || !c.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.push(word);
    words.retain(|w| !w.is_empty());
    words
}

/// The name of a field or module.
pub fn snake(name: &str) -> String {
    let name = words(name).join("_");
    match name.as_str() {
        "type" | "ref" | "match" | "where" | "in" | "move" | "static" | "use" | "mod" | "loop"
        | "for" => {
            format!("{name}_")
        }
        _ => name,
    }
}

/// The name of a static.
pub fn screaming(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// The name of a type or variant.
pub fn camel(name: &str) -> String {
    let joined: String = words(name)
        .iter()
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect();
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        format!("V{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_aws_words_in_rusts_casing() {
        for (aws, rust) in [
            ("ARN", "arn"),
            ("KMSKeyId", "kms_key_id"),
            ("taskDefinitionArn", "task_definition_arn"),
            ("Type", "type_"),
            ("MD5OfBody", "md5_of_body"),
            ("VersionIdsToStages", "version_ids_to_stages"),
        ] {
            assert_eq!(snake(aws), rust);
        }
        for (aws, rust) in [
            ("statusType", "StatusType"),
            ("KMSInvalidState", "KmsInvalidState"),
            ("RSA_2048", "Rsa2048"),
            ("json-file", "JsonFile"),
            ("SYMMETRIC_DEFAULT", "SymmetricDefault"),
            ("2012", "V2012"),
        ] {
            assert_eq!(camel(aws), rust);
        }
    }
}
