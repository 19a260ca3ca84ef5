//! An SDK's failure in the words of the SDK that the reference agent uses.

use std::{error::Error, io};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Json, clients::ATTEMPTS};
use crate::Wording;

/// Codes that are tried again, whatever status they come with.
const THROTTLING: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// One operation, as an error text names it.
pub(super) struct Call {
    pub service: &'static str,
    pub operation: &'static str,
    /// The errors of its model. Every other code is printed behind `api error`.
    pub modelled: &'static [&'static str],
    pub url: String,
    pub wording: Wording,
}

impl Call {
    /// `operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: …, …`
    pub fn describe<E: ProvideErrorMetadata>(&self, error: &SdkError<E, HttpResponse>) -> String {
        if self.wording != Wording::Current {
            return self.describe_as_before(error);
        }
        let Self {
            service, operation, ..
        } = self;
        let attempts = if was_retried(error) {
            format!(", exceeded maximum number of attempts, {ATTEMPTS}")
        } else {
            String::new()
        };
        let (status, request_id) = status_and_id(error);
        let detail = self.detail(error);
        format!(
            "operation error {service}: {operation}{attempts}, https response error StatusCode: {status}, RequestID: {request_id}, {detail}"
        )
    }

    /// As the SDK did that agents used up to 1.91, and that the texts of Fargate's platform show: code and message, then the rest on lines of its own.
    fn describe_as_before<E: ProvideErrorMetadata>(
        &self,
        error: &SdkError<E, HttpResponse>,
    ) -> String {
        let Some(response) = error.raw_response() else {
            let failure = self.transport_failure(error);
            return format!(
                "RequestError: send request failed\ncaused by: Post \"{}\": {failure}",
                self.url
            );
        };
        let (status, request_id) = status_and_id(error);
        let extra = format!("\n\tstatus code: {status}, request id: {request_id}");
        let (code, message) = code_and_message(error);
        if let Some(code) = code {
            return format!("{code}: {message}{extra}");
        }
        let body = response.body().bytes().unwrap_or_default();
        match Json::parse(&String::from_utf8_lossy(body)) {
            Err(syntax) => format!(
                "SerializationError: failed to unmarshal error message{extra}\ncaused by: UnmarshalError: failed decoding error message\ncaused by: {syntax}"
            ),
            Ok(_) => format!("UnknownError: {message}{extra}"),
        }
    }

    fn detail<E: ProvideErrorMetadata>(&self, error: &SdkError<E, HttpResponse>) -> String {
        if let Some(response) = error.raw_response() {
            let (code, message) = code_and_message(error);
            if let Some(code) = code {
                return if self.modelled.contains(&code) {
                    format!("{code}: {message}")
                } else {
                    format!("api error {code}: {message}")
                };
            }
            let body = response.body().bytes().unwrap_or_default();
            return match Json::parse(&String::from_utf8_lossy(body)) {
                Err(syntax) => {
                    format!("deserialization failed, failed to decode response body, {syntax}")
                }
                Ok(_) => format!("api error UnknownError: {message}"),
            };
        }
        format!(
            "request send failed, Post \"{}\": {}",
            self.url,
            self.transport_failure(error)
        )
    }

    fn transport_failure<E>(&self, error: &SdkError<E, HttpResponse>) -> String {
        match error {
            SdkError::TimeoutError(_) => TIMED_OUT.to_owned(),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) if connector.is_timeout() => TIMED_OUT.to_owned(),
                Some(connector) => self.connection_failure(connector),
                None => "connection failed".to_owned(),
            },
            _ => "the request could not be made".to_owned(),
        }
    }

    fn connection_failure(&self, error: &(dyn Error + 'static)) -> String {
        let host = self.url.split('/').nth(2).unwrap_or_default();
        let mut cause = Some(error);
        while let Some(current) = cause {
            if let Some(io) = current.downcast_ref::<io::Error>()
                && io.kind() == io::ErrorKind::ConnectionRefused
            {
                return format!("dial tcp {host}: connect: connection refused");
            }
            cause = current.source();
        }
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        format!("dial tcp {host}: {innermost}")
    }
}

const TIMED_OUT: &str =
    "net/http: request canceled (Client.Timeout exceeded while awaiting headers)";

fn status_and_id<E>(error: &SdkError<E, HttpResponse>) -> (u16, &str) {
    error.raw_response().map_or((0, ""), |response| {
        let id = response.headers().get("x-amzn-requestid");
        (response.status().as_u16(), id.unwrap_or_default())
    })
}

fn code_and_message<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> (Option<&str>, &str) {
    error.as_service_error().map_or((None, ""), |service| {
        (service.code(), service.message().unwrap_or_default())
    })
}

/// Whether the failure is of a kind that the standard retry mode tries again, so that all attempts are used up.
fn was_retried<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error.raw_response() {
        Some(response) => {
            let transient = matches!(response.status().as_u16(), 500 | 502 | 503 | 504);
            transient
                || code_and_message(error)
                    .0
                    .is_some_and(|code| THROTTLING.contains(&code))
        }
        None => !matches!(error, SdkError::ConstructionFailure(_)),
    }
}
