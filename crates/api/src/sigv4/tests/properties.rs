//! What the SDK's own signer signs verifies, and nothing else does.

use proptest::{option, prelude::*, sample::Index};

use super::*;

/// Verifies as a server does that knows one access key.
fn verify_known(parts: &Parts, body: &[u8]) -> Result<(), SignatureError> {
    let known = SignedRequest::parse(parts, body)?.access_key_id == "AKIDEXAMPLE";
    if known {
        verify(parts, body)
    } else {
        Err(SignatureError::InvalidToken)
    }
}

/// The text with another character at one place.
fn changed(text: &str, at: Index) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = at.index(bytes.len());
    bytes[at] = if bytes[at] == b'Z' { b'Y' } else { b'Z' };
    String::from_utf8(bytes).unwrap()
}

/// A request of any kind, signed in its headers or presigned.
fn signed_requests() -> impl Strategy<Value = (Parts, Vec<u8>)> {
    let path = "(/[a-zA-Z0-9_~:@!$&'()*+,;=-]{1,6}|/%20|/%C3%A9){0,5}";
    let query =
        "[a-zA-Z0-9._~-]{1,5}(=[a-zA-Z0-9._~:@!$'()*,;/-]{0,5}|=%2B%3D)?(&[a-c]=[0-9]{0,2}){0,4}";
    let header = "[!-~]{1,8}( {1,3}[!-~]{1,8}){0,3}";
    let body = proptest::collection::vec(any::<u8>(), 0..64);
    let token = option::of(Just("token+/="));
    (path, option::of(query), header, body, any::<bool>(), token).prop_map(
        |(path, query, header, body, presigned, token)| {
            let query = query.map(|q| format!("?{q}")).unwrap_or_default();
            let path = path.trim_start_matches('/');
            let request = Request::post(format!("http://localhost:4566/{path}{query}"))
                .header("x-amz-target", "secretsmanager.ListSecrets")
                .header("x-amz-meta", &header)
                .body(body)
                .unwrap();
            let location = if presigned {
                SignatureLocation::QueryParams
            } else {
                SignatureLocation::Headers
            };
            Signer { location, token }.sign(request)
        },
    )
}

proptest! {
    #[test]
    fn whatever_the_sdk_signs_verifies(
        path in "(/[a-zA-Z0-9._~:@!$&'()*+,;=-]{1,6}|/%20|/%C3%A9|/\\.|/\\.\\.|/){0,5}",
        query in option::of("([a-zA-Z%]{0}[a-zA-Z0-9._~-]{1,5}(=[a-zA-Z0-9._~:@!$'()*,;/+-]{0,5}|=%2B%3D)?)(&[a-c]=[0-9]{0,2}){0,4}"),
        header in "[!-~]{1,8}( {1,3}[!-~]{1,8}){0,3}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        presigned in any::<bool>(),
    ) {
        let query = query.map(|q| format!("?{q}")).unwrap_or_default();
        let uri = format!("http://localhost:4566/{}{query}", path.trim_start_matches('/'));
        let request = Request::post(&uri).header("x-amz-meta", &header).body(body).unwrap();
        let signer = if presigned { Signer::PRESIGNED } else { Signer::HEADER };
        let (parts, body) = signer.sign(request);
        prop_assert_eq!(verify(&parts, &body), Ok(()), "{}", uri);
    }

    #[test]
    fn one_changed_byte_anywhere_in_what_was_signed_is_refused(
        (parts, body) in signed_requests(),
        place in any::<Index>(),
        at in any::<Index>(),
    ) {
        prop_assert_eq!(verify_known(&parts, &body), Ok(()));

        // The request line.
        let uri = parts.uri.to_string();
        if let Some(rest) = uri.get(1..).filter(|rest| !rest.is_empty()) {
            let mut other = parts.clone();
            other.uri = format!("/{}", changed(rest, at)).parse().unwrap();
            prop_assert!(verify_known(&other, &body).is_err(), "{}", other.uri);
        }
        let mut other = parts.clone();
        other.method = http::Method::GET;
        prop_assert!(verify_known(&other, &body).is_err());

        // Any header: all of them are signed here, or are the signature.
        let names: Vec<_> = parts.headers.keys().cloned().collect();
        let name = &names[place.index(names.len())];
        let mut other = parts.clone();
        let value = changed(parts.headers[name].to_str().unwrap(), at);
        other.headers.insert(name, value.parse().unwrap());
        prop_assert!(verify_known(&other, &body).is_err(), "{name}: {value}");
        other.headers.remove(name);
        prop_assert!(verify_known(&other, &body).is_err(), "without {name}");

        // The body, changed, cut and lengthened.
        let mut longer = body.clone();
        longer.push(0);
        prop_assert!(verify_known(&parts, &longer).is_err());
        if !body.is_empty() {
            let mut other = body.clone();
            other[at.index(body.len())] ^= 1;
            prop_assert!(verify_known(&parts, &other).is_err());
            prop_assert!(verify_known(&parts, &body[1..]).is_err());
        }
    }

    #[test]
    fn arbitrary_headers_never_panic(
        authorization in "(AWS4-HMAC-SHA256)? ?(Credential|SignedHeaders|Signature|x)?[=/, ;a-z0-9]{0,60}",
        date in "[0-9TZ]{0,17}",
        query in "(X-Amz-(Signature|Credential|Date|Expires|Algorithm|SignedHeaders)=[a-z0-9/%;]{0,9}&?){0,6}",
    ) {
        let mut builder = Request::get(format!("/?{query}")).header("x-amz-date", date);
        if !authorization.is_empty() {
            builder = builder.header("authorization", authorization);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let _ = verify(&parts, b"");
        let _ = scope_service(&parts);
    }
}
