//! A KMS key on AWS that encrypts the root key: two calls, signed with the credentials that AWS's own chain finds.

use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::{Credentials, provider::ProvideCredentials as _};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider as Tls, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{client::http::HttpConnector as _, http::Request as SmithyRequest};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use types::{Arn, Clock as _, SecretValue, SystemClock};
use zeroize::Zeroizing;

const TIMEOUT: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 3;

/// Where a KMS key is, and how it is called.
#[derive(Debug, Clone)]
pub struct KmsKey {
    arn: String,
    region: String,
    endpoint: String,
}

/// Why a KMS key cannot be used for the root key.
#[derive(Debug, thiserror::Error)]
pub enum KmsKeyError {
    #[error(
        "`{0}` is not the ARN of a KMS key; --root-key-kms-key wants arn:aws:kms:REGION:ACCOUNT:key/ID"
    )]
    Arn(String),
    #[error(
        "refusing to send the root key to `{0}`: over plain HTTP it would cross the network in clear; \
         give an https:// address with --root-key-kms-endpoint"
    )]
    PlainHttp(String),
    #[error("there are no AWS credentials for the KMS key of the root key: {0}")]
    Credentials(String),
    #[error("cannot reach KMS at {endpoint} for the root key: {cause}")]
    Unreachable { endpoint: String, cause: String },
    #[error("KMS does not {operation} the root key under {arn}: {code}: {message}")]
    Refused {
        operation: &'static str,
        arn: String,
        code: String,
        message: String,
    },
    #[error("the answer of KMS at {0} cannot be understood")]
    Answer(String),
}

#[derive(Deserialize)]
struct Encrypted {
    #[serde(rename = "CiphertextBlob")]
    ciphertext_blob: String,
}

#[derive(Deserialize)]
struct Decrypted {
    #[serde(rename = "Plaintext")]
    plaintext: String,
}

impl KmsKey {
    /// The key with that ARN, at AWS or at another endpoint.
    pub fn new(arn: &str, endpoint: Option<&str>) -> Result<Self, KmsKeyError> {
        let parsed: Arn = arn.parse().map_err(|_| KmsKeyError::Arn(arn.to_owned()))?;
        let names_key = ["key/", "alias/"]
            .iter()
            .any(|kind| parsed.resource.starts_with(kind));
        if parsed.service != "kms" || parsed.region.is_empty() || !names_key {
            return Err(KmsKeyError::Arn(arn.to_owned()));
        }
        let suffix = if parsed.partition == "aws-cn" {
            ".cn"
        } else {
            ""
        };
        // AWS_ENDPOINT_URL is not asked: where sealift's own address is exported, the root key would wait for itself.
        let endpoint = endpoint.map_or_else(
            || format!("https://kms.{}.amazonaws.com{suffix}", parsed.region),
            |given| given.trim_end_matches('/').to_owned(),
        );
        if !is_private(&endpoint) {
            return Err(KmsKeyError::PlainHttp(endpoint));
        }
        Ok(Self {
            arn: arn.to_owned(),
            region: parsed.region,
            endpoint,
        })
    }

    /// What KMS makes of a root key's line.
    pub(super) async fn encrypt(&self, line: &SecretValue) -> Result<Vec<u8>, KmsKeyError> {
        let plaintext = Zeroizing::new(STANDARD.encode(line.expose_secret()));
        let input = json!({
            "KeyId": self.arn,
            "EncryptionContext": context(),
            "Plaintext": plaintext.as_str(),
        });
        let answer: Encrypted = self.call("Encrypt", &input).await?;
        STANDARD
            .decode(answer.ciphertext_blob)
            .map_err(|_| KmsKeyError::Answer(self.endpoint.clone()))
    }

    /// The line that KMS made this of.
    pub(super) async fn decrypt(&self, sealed: &[u8]) -> Result<SecretValue, KmsKeyError> {
        let input = json!({
            "KeyId": self.arn,
            "EncryptionContext": context(),
            "CiphertextBlob": STANDARD.encode(sealed),
        });
        let answer: Decrypted = self.call("Decrypt", &input).await?;
        let plaintext = Zeroizing::new(answer.plaintext);
        STANDARD
            .decode(plaintext.as_bytes())
            .map(SecretValue::from)
            .map_err(|_| KmsKeyError::Answer(self.endpoint.clone()))
    }

    async fn call<A: for<'a> Deserialize<'a>>(
        &self,
        operation: &'static str,
        input: &Value,
    ) -> Result<A, KmsKeyError> {
        let credentials = self.credentials().await?;
        let body = Zeroizing::new(serde_json::to_vec(input).unwrap_or_default());
        let mut attempt = 1;
        let (status, answer) = loop {
            match self.send(operation, &body, &credentials).await {
                Ok((status, _)) if status >= 500 && attempt < ATTEMPTS => {}
                Ok(answered) => break answered,
                Err(_) if attempt < ATTEMPTS => {}
                Err(cause) => {
                    return Err(KmsKeyError::Unreachable {
                        endpoint: self.endpoint.clone(),
                        cause,
                    });
                }
            }
            tokio::time::sleep(Duration::from_millis(500) * attempt).await;
            attempt += 1;
        };
        let unclear = |_| KmsKeyError::Answer(self.endpoint.clone());
        if status == 200 {
            return serde_json::from_slice(&answer).map_err(unclear);
        }
        let refusal: Value = serde_json::from_slice(&answer).map_err(unclear)?;
        let text = |name: &str| {
            refusal
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let code = text("__type");
        Err(KmsKeyError::Refused {
            operation: if operation == "Encrypt" {
                "encrypt"
            } else {
                "decrypt"
            },
            arn: self.arn.clone(),
            code: code.rsplit('#').next().unwrap_or(code).to_owned(),
            message: text("message").to_owned(),
        })
    }

    async fn credentials(&self) -> Result<Credentials, KmsKeyError> {
        let region = aws_config::Region::new(self.region.clone());
        let chain = DefaultCredentialsChain::builder()
            .region(region)
            .build()
            .await;
        chain
            .provide_credentials()
            .await
            .map_err(|error| KmsKeyError::Credentials(chained(&error)))
    }

    /// One request; the status and the body of its answer, or what kept it from one.
    async fn send(
        &self,
        operation: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Result<(u16, Zeroizing<Vec<u8>>), String> {
        let request = self.signed(operation, body, credentials)?;
        let connector = Connector::builder()
            .tls_provider(Tls::Rustls(CryptoMode::AwsLc))
            .build();
        let answered = async {
            let answer = connector
                .call(request)
                .await
                .map_err(|error| chained(&error))?;
            let status = answer.status().as_u16();
            let body = ByteStream::new(answer.into_body()).collect().await;
            let body = body.map_err(|error| chained(&error))?;
            Ok((status, Zeroizing::new(body.to_vec())))
        };
        tokio::time::timeout(TIMEOUT, answered)
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    fn signed(
        &self,
        operation: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Result<SmithyRequest, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let uri: http::Uri = format!("{}/", self.endpoint)
            .parse()
            .map_err(|e| failed(&e))?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = http::Request::post(uri)
            .header(http::header::HOST, host)
            .header(http::header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("TrentService.{operation}"))
            .body(())
            .map_err(|e| failed(&e))?;
        let identity = credentials.clone().into();
        let now = u64::try_from(SystemClock.now().as_millis()).unwrap_or_default();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("kms")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| failed(&e))?
            .into();
        let uri = request.uri().to_string();
        let headers = request.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(body));
        let signable = signable.map_err(|e| failed(&e))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|e| failed(&e))?
            .into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let request = request.map(|()| SdkBody::from(body.to_vec()));
        SmithyRequest::try_from(request).map_err(|e| failed(&e))
    }
}

/// What the root key is bound to, which the policy of the KMS key can ask for.
fn context() -> Value {
    json!({"sealift": "root key"})
}

/// Whether nobody on the way can read what is sent there.
fn is_private(endpoint: &str) -> bool {
    if endpoint.starts_with("https://") {
        return true;
    }
    let Ok(uri) = endpoint.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback());
    uri.scheme_str() == Some("http") && (loopback || host == "localhost")
}

fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn the_endpoint_follows_from_the_arn_unless_it_is_given() {
        let endpoint = |arn: &str, given| KmsKey::new(arn, given).map(|key| key.endpoint).ok();
        let known = |text: &str| Some(text.to_owned());
        assert_eq!(
            endpoint(ARN, None),
            known("https://kms.eu-west-1.amazonaws.com")
        );
        let china = ARN
            .replace(":aws:", ":aws-cn:")
            .replace("eu-west-1", "cn-north-1");
        assert_eq!(
            endpoint(&china, None),
            known("https://kms.cn-north-1.amazonaws.com.cn")
        );
        assert_eq!(
            endpoint(ARN, Some("http://127.0.0.1:1/")),
            known("http://127.0.0.1:1")
        );
        assert_eq!(endpoint(ARN, Some("http://kms.example")), None);
        assert_eq!(endpoint(ARN, Some("nonsense")), None);
    }

    #[test]
    fn only_the_arn_of_a_key_says_where_it_is() {
        for bad in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/x",
            "arn:aws:s3:::bucket",
            "",
        ] {
            assert!(
                matches!(KmsKey::new(bad, None), Err(KmsKeyError::Arn(_))),
                "{bad}"
            );
        }
    }
}
