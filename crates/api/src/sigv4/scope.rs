//! Credential scopes.

use http::{header::AUTHORIZATION, request::Parts};

use super::{SignatureError, TERMINATOR, canonical::Query};
use crate::Service;

/// What a signature is good for: one day, one region, one service. As the request says it, nothing checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `20240102`
    pub date: String,
    pub region: String,
    pub service: String,
    pub(super) terminator: String,
}

impl Scope {
    /// Splits `AKID/date/region/service/aws4_request` into access key id and scope.
    pub(super) fn parse(credential: &str) -> Result<(String, Self), SignatureError> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts[..] else {
            return Err(SignatureError::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{credential}'"
            )));
        };
        let scope = Self {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminator: terminator.to_owned(),
        };
        Ok((access_key_id.to_owned(), scope))
    }

    /// Checks the scope against the date of the request and the service it is sent to.
    pub(super) fn check(&self, amz_date: &str, service: Service) -> Result<(), SignatureError> {
        let day = amz_date.get(..8).unwrap_or_default();
        if self.date != day {
            return Err(SignatureError::Invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{day}', from '{amz_date}'.",
                self.date
            )));
        }
        let mut wrong = Vec::new();
        if self.region.parse::<types::Region>().is_err() {
            wrong.push(format!(
                "Credential should be scoped to a valid region, not '{}'. ",
                self.region
            ));
        }
        if self.service != service.signing_name() {
            wrong.push(format!(
                "Credential should be scoped to correct service: '{service}'. "
            ));
        }
        if self.terminator != TERMINATOR {
            wrong.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'. ",
                self.terminator
            ));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(SignatureError::Invalid(wrong.concat()))
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            date,
            region,
            service,
            terminator,
        } = self;
        write!(f, "{date}/{region}/{service}/{terminator}")
    }
}

/// The service that a request says it is signed for, before anything is checked.
pub fn scope_service(parts: &Parts) -> Option<String> {
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|h| h.to_str().ok());
    let credential = match header {
        Some(header) => {
            let (_, rest) = header.split_once("Credential=")?;
            rest.split(',').next()?.trim().to_owned()
        }
        None => Query::of(&parts.uri).first("X-Amz-Credential")?,
    };
    Scope::parse(&credential)
        .ok()
        .map(|(_, scope)| scope.service)
}
