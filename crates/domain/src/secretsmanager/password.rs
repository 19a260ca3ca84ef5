//! Drawing a password: from which characters, and what it must have of each kind.

use types::{Entropy, SecretValue};

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;
const SPACE: &str = " ";

/// What a password is to be made of.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one kind of character, in or out"
)]
pub(super) struct Recipe {
    pub(super) length: usize,
    /// Characters that it must not have, of whatever kind.
    pub(super) excluded: String,
    pub(super) lowercase: bool,
    pub(super) uppercase: bool,
    pub(super) numbers: bool,
    pub(super) punctuation: bool,
    pub(super) space: bool,
    /// Whether each included kind must occur.
    pub(super) one_of_each: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("Password length is too short based on the required types.")]
    TooShort,
    // AWS: the text is not known.
    #[error("No characters are left to make a password of.")]
    NothingLeft,
}

/// Draws a password.
pub(super) fn draw(recipe: &Recipe, entropy: &dyn Entropy) -> Result<SecretValue, Refused> {
    let kinds = kinds(recipe);
    let pool: Vec<u8> = kinds.concat();
    if pool.is_empty() {
        return Err(Refused::NothingLeft);
    }
    // One of each kind first, the rest from all of them, and then all of it shuffled.
    let required = if recipe.one_of_each {
        kinds.as_slice()
    } else {
        &[]
    };
    let rest = recipe
        .length
        .checked_sub(required.len())
        .ok_or(Refused::TooShort)?;
    let required = required.iter().filter_map(|kind| one_of(kind, entropy));
    let rest = (0..rest).filter_map(|_| one_of(&pool, entropy));
    let mut password: Vec<u8> = Vec::with_capacity(recipe.length);
    password.extend(required.chain(rest));
    for last in (1..password.len()).rev() {
        password.swap(last, below(last + 1, entropy));
    }
    Ok(SecretValue::from(password))
}

/// What is left of each included kind; a kind of which nothing is left is none.
fn kinds(recipe: &Recipe) -> Vec<Vec<u8>> {
    [
        (recipe.lowercase, LOWERCASE),
        (recipe.uppercase, UPPERCASE),
        (recipe.numbers, NUMBERS),
        (recipe.punctuation, PUNCTUATION),
        (recipe.space, SPACE),
    ]
    .into_iter()
    .filter(|(included, _)| *included)
    .map(|(_, kind)| {
        let left = kind.chars().filter(|c| !recipe.excluded.contains(*c));
        left.collect::<String>().into_bytes()
    })
    .filter(|kind| !kind.is_empty())
    .collect()
}

fn one_of(characters: &[u8], entropy: &dyn Entropy) -> Option<u8> {
    characters.get(below(characters.len(), entropy)).copied()
}

/// A number below `bound`, each as likely as the others: what would favour the small ones is drawn again.
fn below(bound: usize, entropy: &dyn Entropy) -> usize {
    let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let drawn = u64::from_le_bytes(entropy.bytes::<8>());
        if drawn < fair {
            return usize::try_from(drawn % bound).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::SeededEntropy;

    use super::*;

    fn everything(length: usize) -> Recipe {
        Recipe {
            length,
            excluded: String::new(),
            lowercase: true,
            uppercase: true,
            numbers: true,
            punctuation: true,
            space: true,
            one_of_each: true,
        }
    }

    fn text(recipe: &Recipe, seed: u64) -> Result<String, Refused> {
        let drawn = draw(recipe, &SeededEntropy::new(seed))?;
        Ok(String::from_utf8(drawn.expose_secret().to_vec()).unwrap())
    }

    #[test]
    fn punctuation_is_every_printable_ascii_character_that_is_no_letter_and_no_digit() {
        let all: String = (' '..='~').collect();
        let known = |c: char| [LOWERCASE, UPPERCASE, NUMBERS, SPACE].concat().contains(c);
        let rest: String = all.chars().filter(|c| !known(*c)).collect();
        assert_eq!(rest, PUNCTUATION);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(text(&everything(4), 1), Err(Refused::TooShort));
        let nothing = Recipe {
            excluded: "0123456789".to_owned(),
            lowercase: false,
            uppercase: false,
            punctuation: false,
            space: false,
            ..everything(8)
        };
        assert_eq!(text(&nothing, 1), Err(Refused::NothingLeft));
    }

    proptest! {
        #[test]
        fn a_password_has_its_length_one_of_each_kind_and_nothing_excluded(
            seed: u64, length in 5..64usize, excluded in "[a-e0-4!-/]{0,12}"
        ) {
            let recipe = Recipe { excluded: excluded.clone(), ..everything(length) };
            let password = text(&recipe, seed).unwrap();
            prop_assert_eq!(password.len(), length);
            prop_assert!(!password.chars().any(|c| excluded.contains(c)));
            for kind in [LOWERCASE, UPPERCASE, NUMBERS, PUNCTUATION, SPACE] {
                prop_assert!(password.chars().any(|c| kind.contains(c)), "{password:?} lacks {kind:?}");
            }
        }
    }
}
