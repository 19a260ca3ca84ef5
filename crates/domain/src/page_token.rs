//! The tokens that continue a list: opaque to the caller, a place in the list to us.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// A token for a place.
pub(crate) fn write(place: &impl Serialize) -> String {
    let json = serde_json::to_vec(place).expect("a place in a list is plain data");
    URL_SAFE_NO_PAD.encode(json)
}

/// The place of a token; `None` for anything that [`write()`] did not make for such a place.
pub(crate) fn read<P: DeserializeOwned>(token: &str) -> Option<P> {
    let json = URL_SAFE_NO_PAD.decode(token).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_and_nothing_else_does() {
        let token = write(&("name", 7));
        assert_eq!(read(&token), Some(("name".to_owned(), 7)));
        assert_eq!(read::<(i64, i64)>(&token), None);
        assert_eq!(read::<(String, i64)>("no token"), None);
    }
}
