//! Two requests of S3: where a bucket is, and what an object holds.
//!
//! They are signed here: S3's own SDK would be the largest crate of all for two requests without parameters.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider as Tls, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::http::{HttpConnector as _, SharedHttpConnector},
    http::Request as SmithyRequest,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use ecs::acs::Credentials;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::{Reader, events::Event};
use tokio::time::{sleep, timeout};
use types::{Clock as _, SecretValue, SystemClock};
use zeroize::Zeroizing;

use super::super::{
    AwsClients,
    clients::{ATTEMPT_TIMEOUT, ATTEMPTS, sdk_credentials, url},
};
use crate::Wording;

/// No file of variables is this large: a container has as much room for all of its variables together.
const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// What a key has unencoded in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// A bucket, as a role sees it.
pub(super) struct Bucket<'a> {
    pub clients: &'a AwsClients,
    pub name: &'a str,
    pub role: &'a Credentials,
}

/// One answer.
struct Answered {
    status: u16,
    request_id: String,
    host_id: String,
    body: SecretValue,
}

/// Why there was no answer.
struct Silence(String);

impl Bucket<'_> {
    /// The region that the bucket is in, asked for in another.
    pub async fn region(&self, asked_in: &str) -> Result<String, String> {
        let path = format!("/{}?location", self.name);
        let answer = self.ask("GetBucketLocation", &path, asked_in).await?;
        let text = answer.body.expose_secret_str().unwrap_or_default();
        let named = element(text, "LocationConstraint").unwrap_or_default();
        Ok(match named.as_str() {
            // AWS: the first region has no name here, and one has an old one.
            "" => "us-east-1".to_owned(),
            "EU" => "eu-west-1".to_owned(),
            _ => named,
        })
    }

    /// What the object of this key holds.
    pub async fn object(&self, key: &str, region: &str) -> Result<SecretValue, String> {
        let path = format!("/{}/{}", self.name, utf8_percent_encode(key, IN_PATH));
        Ok(self.ask("GetObject", &path, region).await?.body)
    }

    /// As the reference agent's SDK asks: three times, where nobody answers or the service cannot.
    async fn ask(&self, operation: &str, path: &str, region: &str) -> Result<Answered, String> {
        let mut attempt = 1;
        loop {
            let outcome = timeout(ATTEMPT_TIMEOUT, self.send(path, region)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(Silence(TIMED_OUT.to_owned())));
            match outcome {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) if attempt == ATTEMPTS || !is_transient(&answer) => {
                    return Err(self.refused(operation, &answer));
                }
                Err(Silence(why)) if attempt == ATTEMPTS => {
                    return Err(self.unanswered(operation, (path, region), &why));
                }
                Ok(_) | Err(_) => {}
            }
            sleep(Duration::from_millis(200) * 2_u32.pow(attempt)).await;
            attempt += 1;
        }
    }

    async fn send(&self, path: &str, region: &str) -> Result<Answered, Silence> {
        let request = self.signed(path, region).map_err(Silence)?;
        let answer = connector().call(request).await;
        let answer = answer.map_err(|error| Silence(innermost(&error)))?;
        let status = answer.status().as_u16();
        let header = |name| answer.headers().get(name).unwrap_or_default().to_owned();
        let (request_id, host_id) = (header("x-amz-request-id"), header("x-amz-id-2"));
        let mut stream = ByteStream::new(answer.into_body());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(some) = stream.next().await {
            let some = some.map_err(|error| Silence(innermost(&error)))?;
            if body.len() + some.len() > LARGEST_FILE {
                let text = format!("the file is larger than {} MiB", LARGEST_FILE >> 20);
                return Err(Silence(text));
            }
            body.extend_from_slice(&some);
        }
        Ok(Answered {
            status,
            request_id,
            host_id,
            body: SecretValue::from(std::mem::take(&mut *body)),
        })
    }

    fn endpoint(&self, region: &str) -> String {
        let endpoint = url(self.clients.s3_endpoint(), "s3", region);
        let is_china = self.clients.s3_endpoint().is_none() && region.starts_with("cn-");
        let endpoint = endpoint.trim_end_matches('/');
        if is_china {
            format!("{endpoint}.cn")
        } else {
            endpoint.to_owned()
        }
    }

    fn signed(&self, path: &str, region: &str) -> Result<SmithyRequest, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let address = format!("{}{path}", self.endpoint(region));
        let uri: http::Uri = address.parse().map_err(|e| failed(&e))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = http::Request::get(uri)
            .header(http::header::HOST, host)
            .body(())
            .map_err(|e| failed(&e))?;
        let identity = sdk_credentials(self.role).into();
        let now = u64::try_from(SystemClock.now().as_millis()).unwrap_or_default();
        let mut settings = SigningSettings::default();
        // AWS: S3 signs paths as they are, and wants to read the hash of the body.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
            .settings(settings)
            .build()
            .map_err(|e| failed(&e))?
            .into();
        let headers = request.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("GET", &address, headers, SignableBody::Bytes(&[]));
        let signable = signable.map_err(|e| failed(&e))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|e| failed(&e))?
            .into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let request = request.map(|()| SdkBody::empty());
        SmithyRequest::try_from(request).map_err(|e| failed(&e))
    }

    /// A refusal in the words of the SDK of the reference agent, or of the one that Fargate's platform shows.
    fn refused(&self, operation: &str, answer: &Answered) -> String {
        let Answered {
            status,
            request_id,
            host_id,
            body,
        } = answer;
        let document = body.expose_secret_str().unwrap_or_default();
        let code = element(document, "Code").unwrap_or_else(|| "UnknownError".to_owned());
        let message = element(document, "Message").unwrap_or_default();
        if self.clients.wording() != Wording::Current {
            return format!(
                "{code}: {message}\n\tstatus code: {status}, request id: {request_id}, host id: {host_id}"
            );
        }
        let attempts = if is_transient(answer) {
            format!(", exceeded maximum number of attempts, {ATTEMPTS}")
        } else {
            String::new()
        };
        let kind = if operation == "GetObject" && code == "NoSuchKey" {
            ""
        } else {
            "api error "
        };
        format!(
            "operation error S3: {operation}{attempts}, https response error StatusCode: {status}, RequestID: {request_id}, HostID: {host_id}, {kind}{code}: {message}"
        )
    }

    fn unanswered(&self, operation: &str, (path, region): (&str, &str), why: &str) -> String {
        let address = format!("{}{path}", self.endpoint(region));
        if self.clients.wording() != Wording::Current {
            return format!(
                "RequestError: send request failed\ncaused by: Get \"{address}\": {why}"
            );
        }
        format!(
            "operation error S3: {operation}, exceeded maximum number of attempts, {ATTEMPTS}, https response error StatusCode: 0, RequestID: , HostID: , request send failed, Get \"{address}\": {why}"
        )
    }
}

const TIMED_OUT: &str =
    "net/http: request canceled (Client.Timeout exceeded while awaiting headers)";

/// One connector with its root certificates for all files.
fn connector() -> SharedHttpConnector {
    static CONNECTOR: OnceLock<SharedHttpConnector> = OnceLock::new();
    let connector = CONNECTOR.get_or_init(|| {
        let tls = Tls::Rustls(CryptoMode::AwsLc);
        SharedHttpConnector::new(Connector::builder().tls_provider(tls).build())
    });
    connector.clone()
}

fn is_transient(answer: &Answered) -> bool {
    matches!(answer.status, 429 | 500 | 502 | 503 | 504)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The text of the first element of this name.
fn element(document: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    let (mut inside, mut text) = (false, String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => inside = start.local_name().as_ref() == name,
            Event::Text(some) if inside => text.push_str(&some),
            Event::GeneralRef(reference) if inside => text.push_str(match &*reference {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "quot" => "\"",
                "apos" => "'",
                _ => "",
            }),
            Event::End(_) if inside => return Some(text),
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_out_of_documents() {
        let error = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no &quot;a&amp;b&quot;</Message></Error>";
        assert_eq!(element(error, "Code").as_deref(), Some("NoSuchKey"));
        assert_eq!(element(error, "Message").as_deref(), Some("no \"a&b\""));
        assert_eq!(element(error, "Key"), None);
        let location = "<LocationConstraint xmlns=\"x\">eu-west-1</LocationConstraint>";
        assert_eq!(
            element(location, "LocationConstraint").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(element("no document", "Code"), None);
    }
}
