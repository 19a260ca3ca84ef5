//! Where a request says how it is signed.

use http::{HeaderMap, header::AUTHORIZATION, request::Parts};

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

impl Authorization {
    pub(super) fn read(parts: &Parts, query: &Query) -> Result<Self, SignatureError> {
        match parts.headers.get(AUTHORIZATION) {
            Some(value) => {
                let text = value
                    .to_str()
                    .map_err(|_| incomplete("Authorization header is not printable ASCII."))?;
                Self::from_header(text, &parts.headers)
            }
            None if query.first("X-Amz-Signature").is_some() => {
                Self::from_query(query, &parts.headers)
            }
            None => Err(SignatureError::Missing),
        }
    }

    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    fn from_header(text: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let (algorithm, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        // AWS: STS advertises SigV4A for endpoints of many regions, which a client of one endpoint never picks.
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{algorithm}'."
            )));
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let Some((name, value)) = part.split_once('=') else {
                return Err(incomplete(format!(
                    "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{text}'."
                )));
            };
            match name.trim() {
                "Credential" => credential = Some(value.trim().to_owned()),
                "SignedHeaders" => signed_headers = Some(value.trim().to_owned()),
                "Signature" => signature = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let amz_date = header(headers, "x-amz-date").or_else(|| header(headers, "date"));
        match (credential, signature, signed_headers, amz_date) {
            (Some(credential), Some(signature), Some(signed_headers), Some(amz_date)) => Ok(Self {
                credential,
                signed_headers,
                signature,
                amz_date,
                session_token: header(headers, "x-amz-security-token"),
                expires: None,
            }),
            (credential, signature, signed_headers, amz_date) => {
                let missing: Vec<_> = [
                    (credential.is_none(), "'Credential' parameter."),
                    (signature.is_none(), "'Signature' parameter."),
                    (signed_headers.is_none(), "'SignedHeaders' parameter."),
                    (
                        amz_date.is_none(),
                        "existence of either a 'X-Amz-Date' or a 'Date' header.",
                    ),
                ]
                .into_iter()
                .filter(|(is_missing, _)| *is_missing)
                .map(|(_, what)| format!("Authorization header requires {what}"))
                .collect();
                Err(incomplete(missing.join(" ")))
            }
        }
    }

    fn from_query(query: &Query, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let required = |name: &str| {
            query.first(name).ok_or_else(|| {
                incomplete(format!(
                    "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
                ))
            })
        };
        let algorithm = required("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{algorithm}'."
            )));
        }
        let expires = required("X-Amz-Expires")?;
        let expires = expires
            .parse()
            .ok()
            .filter(|seconds| (0..=MAX_EXPIRES).contains(seconds))
            .ok_or_else(|| {
                incomplete(format!(
                    "X-Amz-Expires must be a number of seconds between 0 and {MAX_EXPIRES}, not '{expires}'."
                ))
            })?;
        Ok(Self {
            credential: required("X-Amz-Credential")?,
            signed_headers: required("X-Amz-SignedHeaders")?,
            signature: required("X-Amz-Signature")?,
            amz_date: required("X-Amz-Date")?,
            session_token: query
                .first("X-Amz-Security-Token")
                .or_else(|| header(headers, "x-amz-security-token")),
            expires: Some(expires),
        })
    }
}

fn incomplete(text: impl Into<String>) -> SignatureError {
    SignatureError::Incomplete(text.into())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}
