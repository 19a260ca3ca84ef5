//! Rotators that are servers elsewhere: one signed request for each step, over TLS, to an address that may be reached.

mod addresses;
mod connect;
mod request;

use bytes::Bytes;
use domain::secretsmanager::rotation::Https;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::IgnoredAny};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::{
    invocation::{Invocation, InvokeError},
    message,
};
pub(super) use connect::{ConnectError, read_certificates};

/// A longer answer is none.
const MOST_ANSWERED: usize = 256 * 1024;

/// Lambda says with this header that the function itself has failed.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// Why a server did not do its step.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpsError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the request cannot be made: {0}")]
    Request(String),
    #[error("the connection failed: {0}")]
    Connection(String),
    #[error("the server answered {0}; redirects are not followed")]
    Redirect(StatusCode),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error("the server's answer is longer than {MOST_ANSWERED} bytes")]
    TooLong,
    #[error("the function answered with an error")]
    Function,
}

/// What a server answered.
pub(super) struct Answer {
    verdict: Result<(), HttpsError>,
    /// What it said, for the operator's log.
    pub body: Zeroizing<Vec<u8>>,
}

impl Answer {
    pub(super) fn verdict(self) -> Result<(), InvokeError> {
        self.verdict.map_err(InvokeError::Https)
    }

    pub(super) fn is_good(&self) -> bool {
        self.verdict.is_ok()
    }
}

/// Asks the server for one step, within the rotator's time.
pub(super) async fn ask(
    invocation: &Invocation<'_>,
    target: &Https,
) -> Result<Answer, InvokeError> {
    let timeout = invocation.rotator.timeout;
    let body = Bytes::from_owner(message::for_server(invocation));
    let request = request::signed(invocation, target, body).map_err(HttpsError::Request)?;
    let answered = tokio::time::timeout(timeout, exchange(target, request)).await;
    Ok(answered.map_err(|_| InvokeError::Timeout(timeout))??)
}

/// One request on a connection of its own.
async fn exchange(
    target: &Https,
    request: http::Request<Full<Bytes>>,
) -> Result<Answer, HttpsError> {
    let failed = |error: hyper::Error| HttpsError::Connection(error.to_string());
    let stream = TokioIo::new(connect::connect(target).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(failed)?;
    // Ends with this function, however that ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await.map_err(failed)?;
    read(answer).await
}

async fn read(answer: Response<Incoming>) -> Result<Answer, HttpsError> {
    let (head, body) = answer.into_parts();
    let body = match Limited::new(body, MOST_ANSWERED).collect().await {
        Ok(body) => Zeroizing::new(body.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => return Err(HttpsError::TooLong),
        Err(error) => return Err(HttpsError::Connection(error.to_string())),
    };
    let verdict = judge(head.status, &head.headers, &body);
    Ok(Answer { verdict, body })
}

/// Whether the step is done: as with Lambda, a function that has failed is told from a call that has succeeded by what
/// it says.
fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), HttpsError> {
    if status.is_redirection() {
        return Err(HttpsError::Redirect(status));
    }
    if !status.is_success() {
        return Err(HttpsError::Status(status));
    }
    if headers.contains_key(FUNCTION_ERROR) || tells_an_error(body) {
        return Err(HttpsError::Function);
    }
    Ok(())
}

/// What Lambda's runtimes make of an exception.
#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "errorType")]
    kind: Option<IgnoredAny>,
    #[serde(rename = "errorMessage")]
    message: Option<IgnoredAny>,
}

fn tells_an_error(body: &[u8]) -> bool {
    // An array would be read as the members in their order.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let outcome = serde_json::from_slice::<Outcome>(body);
    is_object && outcome.is_ok_and(|told| told.kind.is_some() || told.message.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, header: Option<&'static str>, body: &str) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(FUNCTION_ERROR, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        judge(status, &headers, body.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_answer_is_judged_as_lambda_s() {
        for good in [
            "",
            "null",
            "done",
            "{}",
            r#"{"errorType": null}"#,
            r#"["a", "b"]"#,
        ] {
            assert_eq!(verdict(200, None, good), Ok(()), "{good}");
            assert_eq!(verdict(204, None, good), Ok(()), "{good}");
        }
        let failed = Err("the function answered with an error".to_owned());
        assert_eq!(verdict(200, Some("Unhandled"), "{}"), failed);
        for bad in [
            r#"{"errorMessage": "p4ss", "errorType": "ValueError", "stackTrace": []}"#,
            r#" {"errorType": "Runtime.ExitError"}"#,
        ] {
            assert_eq!(verdict(200, None, bad), failed, "{bad}");
        }
        for (status, text) in [
            (
                302,
                "the server answered 302 Found; redirects are not followed",
            ),
            (
                304,
                "the server answered 304 Not Modified; redirects are not followed",
            ),
            (403, "the server answered 403 Forbidden"),
            (500, "the server answered 500 Internal Server Error"),
        ] {
            assert_eq!(verdict(status, None, "{}"), Err(text.to_owned()));
        }
    }
}
