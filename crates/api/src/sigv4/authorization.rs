//! Where a request says how it is signed.

use http::{HeaderMap, header::AUTHORIZATION, request::Parts};
use types::Timestamp;

use super::{ALGORITHM, SignatureError, canonical::Query};

/// The parts of a signature, as they stand in the request.
pub(super) struct Authorization {
    pub credential: String,
    pub signed_headers: String,
    pub signature: String,
    pub amz_date: String,
    pub session_token: Option<String>,
    /// The seconds a presigned request is good for.
    pub expires: Option<i64>,
}

/// The longest time a presigned request may be good for: a week.
const MAX_EXPIRES: i64 = 604_800;
/// What a presigned request is good for that does not say it. STS's have always been good for that long.
const DEFAULT_EXPIRES: i64 = 15 * 60;

/// The parameters that make a request a presigned one.
const PRESIGNED: [&str; 3] = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];

/// Headers of which a second one would leave open which of the two is meant.
const SINGLE: [&str; 8] = [
    "authorization",
    "host",
    "date",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-target",
    "content-type",
];

impl Authorization {
    pub(super) fn read(parts: &Parts, query: &Query) -> Result<Self, SignatureError> {
        for name in SINGLE {
            if parts.headers.get_all(name).iter().nth(1).is_some() {
                return Err(incomplete(format!(
                    "The request has more than one '{name}' header."
                )));
            }
        }
        let is_presigned = PRESIGNED.iter().any(|name| query.has(name));
        match parts.headers.get(AUTHORIZATION) {
            Some(_) if is_presigned => Err(incomplete(
                "The request is signed both in its Authorization header and in its query-string parameters; only one of \
                 them is allowed.",
            )),
            Some(value) => {
                let text = value
                    .to_str()
                    .map_err(|_| incomplete("Authorization header is not printable ASCII."))?;
                Self::from_header(text, &parts.headers)
            }
            None if is_presigned => Self::from_query(query, &parts.headers),
            None => Err(SignatureError::Missing),
        }
    }

    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    fn from_header(text: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let text = text.trim();
        let (algorithm, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            // AWS: looked at before the algorithm, so that `Bearer abc` is told this too.
            let Some((name, value)) = part.split_once('=') else {
                return Err(incomplete(format!(
                    "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{text}'."
                )));
            };
            let place = match name.trim() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => continue,
            };
            if place.replace(value.trim().to_owned()).is_some() {
                return Err(incomplete(format!(
                    "Authorization header has more than one '{}' parameter.",
                    name.trim()
                )));
            }
        }
        let amz_date = header(headers, "x-amz-date").or_else(|| date(headers));
        let (Some(credential), Some(signature), Some(signed_headers), Some(amz_date)) =
            (&credential, &signature, &signed_headers, &amz_date)
        else {
            return Err(missing_parts([
                (credential.is_none(), "'Credential' parameter."),
                (signature.is_none(), "'Signature' parameter."),
                (signed_headers.is_none(), "'SignedHeaders' parameter."),
                (
                    amz_date.is_none(),
                    "existence of either a 'X-Amz-Date' or a 'Date' header.",
                ),
            ]));
        };
        check_algorithm(algorithm)?;
        Ok(Self {
            credential: credential.clone(),
            signed_headers: signed_headers.clone(),
            signature: signature.clone(),
            amz_date: amz_date.clone(),
            session_token: header(headers, "x-amz-security-token"),
            expires: None,
        })
    }

    fn from_query(query: &Query, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let algorithm = query.only("X-Amz-Algorithm")?;
        let credential = query.only("X-Amz-Credential")?;
        let signature = query.only("X-Amz-Signature")?;
        let signed_headers = query.only("X-Amz-SignedHeaders")?;
        let date = query.only("X-Amz-Date")?;
        let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (&algorithm, &credential, &signature, &signed_headers, &date)
        else {
            let missing = [
                ("X-Amz-Algorithm", algorithm),
                ("X-Amz-Credential", credential),
                ("X-Amz-Signature", signature),
                ("X-Amz-SignedHeaders", signed_headers),
                ("X-Amz-Date", date),
            ]
            .into_iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("AWS query-string parameters must include '{name}'. "));
            return Err(incomplete(format!(
                "{}Re-examine the query-string parameters.",
                missing.collect::<String>()
            )));
        };
        check_algorithm(algorithm)?;
        let in_header = header(headers, "x-amz-security-token");
        let in_query = query.only("X-Amz-Security-Token")?;
        if in_query.is_some() && in_header.is_some() {
            return Err(incomplete(
                "The request has a security token both in its headers and in its query-string parameters; only one of them \
                 is allowed.",
            ));
        }
        Ok(Self {
            credential: credential.clone(),
            signed_headers: signed_headers.clone(),
            signature: signature.clone(),
            amz_date: date.clone(),
            session_token: in_query.or(in_header),
            expires: Some(seconds(query.only("X-Amz-Expires")?.as_deref())?),
        })
    }
}

/// How long a presigned request is good for.
fn seconds(expires: Option<&str>) -> Result<i64, SignatureError> {
    let Some(text) = expires else {
        return Ok(DEFAULT_EXPIRES);
    };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if is_number && (1..=MAX_EXPIRES).contains(&seconds) => Ok(seconds),
        Ok(0) => Err(incomplete("X-Amz-Expires must be greater than zero")),
        _ if is_number => Err(incomplete(format!(
            "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than \
             {MAX_EXPIRES} seconds"
        ))),
        _ => Err(incomplete("X-Amz-Expires should be a number")),
    }
}

// AWS: STS advertises SigV4A for endpoints of many regions, which a client of one endpoint never picks.
fn check_algorithm(algorithm: &str) -> Result<(), SignatureError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    Err(incomplete(format!(
        "Unsupported AWS 'algorithm': '{algorithm}'."
    )))
}

fn missing_parts(parts: [(bool, &str); 4]) -> SignatureError {
    let missing: Vec<_> = parts
        .into_iter()
        .filter(|(is_missing, _)| *is_missing)
        .map(|(_, what)| format!("Authorization header requires {what}"))
        .collect();
    incomplete(missing.join(" "))
}

fn incomplete(text: impl Into<String>) -> SignatureError {
    SignatureError::Incomplete(text.into())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

/// The `Date` header, in the form of `X-Amz-Date` or as HTTP has it.
fn date(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, "date")?;
    Some(match Timestamp::parse_http_date(&text) {
        Some(date) => date.to_amz_date(),
        None => text,
    })
}
