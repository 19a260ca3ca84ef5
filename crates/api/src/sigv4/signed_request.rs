//! Reading and checking the signature of a request.

use crypto::sha256_hex;
use http::{
    HeaderMap, HeaderValue,
    header::{self, CONTENT_ENCODING},
    request::Parts,
};
use subtle::ConstantTimeEq;
use types::{SecretValue, Timestamp};

use super::{
    ALGORITHM, Scope, SignatureError, SigningKeys,
    authorization::Authorization,
    canonical::{self, Query},
};
use crate::Service;

/// How far the clocks of caller and server may be apart.
const SKEW_SECS: i64 = 5 * 60;

/// What a request says of its signature. Nothing of it is to be trusted before [`verify`](Self::verify).
pub struct SignedRequest {
    pub access_key_id: String,
    pub session_token: Option<String>,
    pub scope: Scope,
    amz_date: String,
    signed_at: Timestamp,
    expires: Option<i64>,
    pub(super) signature: String,
    /// What the signature should cover, or why it cannot.
    pub(super) string_to_sign: Result<String, SignatureError>,
}

impl SignedRequest {
    /// Reads the signature of a request with this body.
    pub fn parse(parts: &Parts, body: &[u8]) -> Result<Self, SignatureError> {
        Self::read(parts, Payload::Came(body))
    }

    /// Reads the signature of a request to S3, which covers what the request says of its body. Whether that is so is for
    /// the reader of the body.
    pub fn parse_s3(parts: &Parts) -> Result<Self, SignatureError> {
        Self::read(parts, Payload::Claimed)
    }

    fn read(parts: &Parts, payload: Payload<'_>) -> Result<Self, SignatureError> {
        let query = Query::of(&parts.uri);
        let said = Authorization::read(parts, &query)?;
        let (access_key_id, scope) = Scope::parse(&said.credential)?;
        let signed_at = Timestamp::parse_amz_date(&said.amz_date).ok_or_else(|| {
            SignatureError::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                said.amz_date
            ))
        })?;
        let string_to_sign = canonical(parts, &query, &said, payload).map(|canonical| {
            let hash = sha256_hex(&canonical);
            format!("{ALGORITHM}\n{}\n{scope}\n{hash}", said.amz_date)
        });
        Ok(Self {
            access_key_id,
            session_token: said.session_token,
            scope,
            amz_date: said.amz_date,
            signed_at,
            expires: said.expires,
            signature: said.signature,
            string_to_sign,
        })
    }

    /// Checks scope, time and signature, for the service the request is sent to.
    pub fn verify(
        &self,
        secret: &SecretValue,
        service: Service,
        keys: &SigningKeys,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        self.scope.check(&self.amz_date, service)?;
        self.check_time(now)?;
        let text = self.string_to_sign.as_ref().map_err(Clone::clone)?;
        let key = keys.key(&self.access_key_id, secret, &self.scope);
        let expected = key.sign(text.as_bytes());
        if !bool::from(expected.as_bytes().ct_eq(self.signature.as_bytes())) {
            return Err(SignatureError::mismatch());
        }
        keys.remember(&self.access_key_id, secret, &self.scope, key);
        Ok(())
    }

    fn check_time(&self, now: Timestamp) -> Result<(), SignatureError> {
        let (signed, now_text) = (&self.amz_date, now.to_amz_date());
        let latest = now.plus_secs(SKEW_SECS);
        if self.signed_at > latest {
            return Err(SignatureError::Skewed(format!(
                "Signature not yet current: {signed} is still later than {} ({now_text} + 5 min.)",
                latest.to_amz_date()
            )));
        }
        let earliest = now.plus_secs(-SKEW_SECS);
        match self.expires {
            Some(seconds) if now > self.signed_at.plus_secs(seconds) => {
                Err(SignatureError::RequestExpired)
            }
            None if self.signed_at < earliest => Err(SignatureError::Skewed(format!(
                "Signature expired: {signed} is now earlier than {} ({now_text} - 5 min.)",
                earliest.to_amz_date()
            ))),
            _ => Ok(()),
        }
    }
}

/// What is signed of a body.
#[derive(Clone, Copy)]
enum Payload<'a> {
    /// The body itself.
    Came(&'a [u8]),
    /// What `x-amz-content-sha256` says.
    Claimed,
}

/// The canonical request, if what has to be signed is.
fn canonical(
    parts: &Parts,
    query: &Query,
    said: &Authorization,
    payload: Payload<'_>,
) -> Result<Vec<u8>, SignatureError> {
    let signed: Vec<&str> = said.signed_headers.split(';').collect();
    let is_signed = |name: &str| signed.contains(&name);
    let must_be_signed = |name: &str| {
        SignatureError::Invalid(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        ))
    };
    // AWS: the names of this one are HTTP/1.1's and HTTP/2's.
    if !is_signed("host") {
        return Err(must_be_signed("Host' or ':authority"));
    }
    // A presigned request has its date among its parameters, all of which are signed.
    let date_header = if parts.headers.contains_key("x-amz-date") {
        "x-amz-date"
    } else {
        "date"
    };
    if said.expires.is_none() && !is_signed(date_header) {
        return Err(must_be_signed(date_header));
    }
    // What they say decides what the request does, and as whom.
    for name in ["x-amz-security-token", "x-amz-target"] {
        if parts.headers.contains_key(name) && !is_signed(name) {
            return Err(must_be_signed(name));
        }
    }
    let path = parts.uri.path();
    let (path, payload_hash) = match payload {
        Payload::Came(body) => {
            let hash = sha256_hex(body);
            check_claimed_payload(&parts.headers, &hash)?;
            (canonical::path(path), hash)
        }
        Payload::Claimed => {
            // AWS: S3 wants each of its own headers signed, since any of them may decide what the request does.
            let mut names = parts.headers.keys().map(header::HeaderName::as_str);
            if let Some(name) = names.find(|name| name.starts_with("x-amz-") && !is_signed(name)) {
                return Err(must_be_signed(name));
            }
            let claim = parts.headers.get("x-amz-content-sha256");
            let claim = claim.and_then(|claim| claim.to_str().ok());
            let claim = claim.ok_or_else(SignatureError::mismatch)?;
            (canonical::plain_path(path), claim.to_owned())
        }
    };
    canonical::request(parts, (&path, query), &signed, &payload_hash)
        .ok_or_else(SignatureError::mismatch)
}

/// A request may say what its payload is. It is the hash of what came, and nothing else.
// AWS: unsigned and chunked payloads are S3's alone.
fn check_claimed_payload(headers: &HeaderMap, hash: &str) -> Result<(), SignatureError> {
    let text = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let in_chunks = text(CONTENT_ENCODING.as_str()).is_some_and(|encodings| {
        let mut encodings = encodings.split(',');
        encodings.any(|encoding| encoding.trim().eq_ignore_ascii_case("aws-chunked"))
    });
    let claimed = text("x-amz-content-sha256");
    let refused = match claimed {
        Some(claim) if claim.starts_with("STREAMING-") => format!(
            "The payload is signed in chunks ('{claim}'), which this service does not accept; sign the whole payload."
        ),
        _ if in_chunks => "The payload is encoded in chunks ('aws-chunked'), which this service does not accept; sign the \
                           whole payload."
            .to_owned(),
        Some("UNSIGNED-PAYLOAD") => {
            "The payload must be signed: 'UNSIGNED-PAYLOAD' is not accepted by this service.".to_owned()
        }
        Some(claim) if claim != hash => {
            "The provided 'x-amz-content-sha256' header does not match what was computed."
                .to_owned()
        }
        _ if headers.contains_key("x-amz-content-sha256") && claimed.is_none() => {
            "The provided 'x-amz-content-sha256' header is not printable ASCII.".to_owned()
        }
        _ => return Ok(()),
    };
    Err(SignatureError::Invalid(refused))
}
