//! A small client of AWS JSON 1.1 services: it sends the user's JSON as it is, signed, and gives back what came.
//!
//! The commands need this rather than an SDK because a task definition file must reach the server untouched: an SDK
//! would parse it first, with other errors and without the members it does not know.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use server::exec_wire::PROTOCOL;
use types::{Clock as _, Region, SystemClock};

/// Longer than any operation here takes; a server that hangs must not hang the command.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How long a server may take to say what it is.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// A server, and who asks it.
#[derive(Clone)]
pub struct AwsClient {
    endpoint: Uri,
    credentials: Credentials,
    region: Region,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// An error that the server answered, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("An error occurred ({code}) when calling the {operation} operation: {message}")]
pub struct ServiceError {
    pub code: String,
    pub operation: String,
    pub message: String,
}

impl AwsClient {
    pub fn new(endpoint: Uri, credentials: Credentials, region: Region) -> Result<Self> {
        if endpoint.scheme_str() != Some("http") {
            bail!(
                "the endpoint `{endpoint}` is not a plain http:// address; sealift serves no other yet"
            );
        }
        Ok(Self {
            endpoint,
            credentials,
            region,
            http: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// Calls `AmazonEC2ContainerServiceV20141113.<operation>`. An answered error is a [`ServiceError`].
    pub async fn ecs(&self, operation: &str, input: &Value) -> Result<Value> {
        self.ask(self.endpoint.clone(), operation, input).await
    }

    /// How the image pulls of the tasks of a DescribeTasks request go.
    pub async fn pulls(&self, input: &Value) -> Result<Value> {
        let mut parts = self.endpoint.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::from_static("/_sealift/pulls"));
        self.ask(Uri::from_parts(parts)?, "DescribeTasks", input)
            .await
    }

    /// Whether this is a sealift whose tasks' values come from AWS.
    pub async fn reads_from_aws(&self) -> bool {
        let look = async {
            let mut parts = self.endpoint.clone().into_parts();
            parts.path_and_query = Some(PathAndQuery::from_static("/_sealift/health"));
            let answer = self.http.get(Uri::from_parts(parts).ok()?).await.ok()?;
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            let body: Value = serde_json::from_slice(&body).ok()?;
            Some(body.get("secretsFrom").and_then(Value::as_str) == Some("aws"))
        };
        let looked = tokio::time::timeout(LOOK_TIMEOUT, look).await;
        looked.ok().flatten().unwrap_or(false)
    }

    /// Has a command run in a container, and gives the connection that its streams go over.
    pub async fn exec(&self, asked: &Value) -> Result<Upgraded> {
        let mut parts = self.endpoint.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::from_static("/_sealift/exec"));
        let body = Bytes::from(serde_json::to_vec(asked)?);
        let mut request = self.signed(Uri::from_parts(parts)?, "ExecuteCommand", body)?;
        // Not signed: whatever is on the way may have a say in them.
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static(PROTOCOL));
        let answer = tokio::time::timeout(TIMEOUT, self.http.request(request)).await;
        let unreachable = || format!("cannot reach the server at {}", self.endpoint);
        let answer = answer
            .with_context(unreachable)?
            .with_context(unreachable)?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(hyper::upgrade::on(answer).await?);
        }
        let failed = !answer.status().is_success();
        self.read(answer.into_body(), failed, "ExecuteCommand")
            .await?;
        bail!("{} does not run commands in containers", self.endpoint)
    }

    async fn ask(&self, uri: Uri, operation: &str, input: &Value) -> Result<Value> {
        let body = Bytes::from(serde_json::to_vec(input)?);
        let request = self.signed(uri, operation, body)?;
        let answer = tokio::time::timeout(TIMEOUT, self.http.request(request));
        let unreachable = || format!("cannot reach the server at {}", self.endpoint);
        let answer = answer
            .await
            .with_context(unreachable)?
            .with_context(unreachable)?;
        let failed = !answer.status().is_success();
        self.read(answer.into_body(), failed, operation).await
    }

    /// The answer, or the error that it is.
    async fn read(&self, body: Incoming, failed: bool, operation: &str) -> Result<Value> {
        let unreachable = || format!("cannot reach the server at {}", self.endpoint);
        let body = body.collect().await.with_context(unreachable)?.to_bytes();
        let body: Value = serde_json::from_slice(&body).with_context(|| {
            format!(
                "{} is no sealift server: its answer is not JSON",
                self.endpoint
            )
        })?;
        if failed {
            let text = |name: &str| body.get(name).and_then(Value::as_str);
            let code = text("__type").unwrap_or("Unknown");
            return Err(ServiceError {
                code: code.rsplit('#').next().unwrap_or(code).to_owned(),
                operation: operation.to_owned(),
                message: text("message")
                    .or(text("Message"))
                    .unwrap_or_default()
                    .to_owned(),
            }
            .into());
        }
        Ok(body)
    }

    fn signed(&self, uri: Uri, operation: &str, body: Bytes) -> Result<Request<Full<Bytes>>> {
        let authority = self
            .endpoint
            .authority()
            .context("the endpoint names no host")?
            .as_str();
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let mut request = Request::post(uri)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", HeaderValue::from_str(&target)?)
            .body(())?;
        let identity = self.credentials.clone().into();
        let now = u64::try_from(SystemClock.now().as_millis()).unwrap_or_default();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region.as_str())
            .name("ecs")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let uri = request.uri().to_string();
        let headers = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request.map(|()| Full::new(body)))
    }
}
