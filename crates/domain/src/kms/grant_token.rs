//! Grant tokens: what `CreateGrant` answers beside the id.
//!
//! A grant holds from the next request on here, so a token gives nothing that the grant does not give already. It names
//! the grant, which `RetireGrant` wants, and a token that is none is refused as on AWS. Its form is
//! `version 1 │ length of ARN (u16) │ key ARN │ grant id (32 bytes) │ 16 random bytes │ 8 bytes of check sum`, in base64.

use api::kms::Error;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::Entropy;

const VERSION: u8 = 1;
const ID_LEN: usize = 32;
const UNIQUE_LEN: usize = 16;
const SUM_LEN: usize = 8;

/// The grant that a token names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GrantToken {
    pub key_arn: String,
    /// 64 hexadecimal digits.
    pub grant_id: String,
}

/// A new token for a grant, unlike every other.
pub(super) fn issue(key_arn: &str, grant_id: [u8; ID_LEN], entropy: &dyn Entropy) -> String {
    let arn_len = u16::try_from(key_arn.len()).expect("a key ARN is shorter than 64 KiB");
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&arn_len.to_be_bytes());
    bytes.extend_from_slice(key_arn.as_bytes());
    bytes.extend_from_slice(&grant_id);
    bytes.extend_from_slice(&entropy.bytes::<UNIQUE_LEN>());
    let sum = crypto::sha256(&bytes);
    bytes.extend(sum.iter().take(SUM_LEN));
    STANDARD.encode(bytes)
}

/// The bytes of a grant id.
pub(super) fn id_bytes(grant_id: &str) -> Option<[u8; ID_LEN]> {
    let mut bytes = [0; ID_LEN];
    hex::decode_to_slice(grant_id, &mut bytes).ok()?;
    Some(bytes)
}

/// Reads a token.
pub(super) fn parse(token: &str) -> Result<GrantToken, Error> {
    read(token).ok_or_else(|| {
        // AWS: the text was not observed.
        Error::InvalidGrantToken("The grant token is not valid.".to_owned())
    })
}

/// Refuses a list in which something is no token.
pub(super) fn check_all(tokens: Option<&Vec<String>>) -> Result<(), Error> {
    for token in tokens.into_iter().flatten() {
        parse(token)?;
    }
    Ok(())
}

fn read(token: &str) -> Option<GrantToken> {
    let bytes = STANDARD.decode(token).ok()?;
    let (body, sum) = bytes.split_last_chunk::<SUM_LEN>()?;
    if !crypto::sha256(body).starts_with(sum) {
        return None;
    }
    let rest = body.strip_prefix(&[VERSION])?;
    let (arn_len, rest) = rest.split_first_chunk::<2>()?;
    let (arn, rest) = rest.split_at_checked(u16::from_be_bytes(*arn_len).into())?;
    let (id, unique) = rest.split_first_chunk::<ID_LEN>()?;
    (unique.len() == UNIQUE_LEN).then_some(())?;
    Some(GrantToken {
        key_arn: String::from_utf8(arn.to_vec()).ok()?,
        grant_id: hex::encode(id),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::SeededEntropy;

    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_token_names_its_grant_and_is_never_given_twice() {
        let entropy = SeededEntropy::new(1);
        let (one, two) = (issue(ARN, [7; 32], &entropy), issue(ARN, [7; 32], &entropy));
        assert_ne!(one, two);
        let expected = GrantToken {
            key_arn: ARN.to_owned(),
            grant_id: "07".repeat(32),
        };
        assert_eq!(parse(&one).ok(), Some(expected));
        assert_eq!(id_bytes(&"07".repeat(32)), Some([7; 32]));
        assert_eq!(id_bytes("07"), None);
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_token(text in "[A-Za-z0-9+/=]{0,120}") {
            prop_assert!(parse(&text).is_err());
        }

        #[test]
        fn a_changed_token_is_none(at: prop::sample::Index, bit in 0..8u8) {
            let token = issue(ARN, [7; 32], &SeededEntropy::new(1));
            let mut bytes = STANDARD.decode(token).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(parse(&STANDARD.encode(bytes)).is_err());
        }
    }
}
