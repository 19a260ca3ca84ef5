//! Signed requests made by hand.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use types::{Clock as _, SystemClock};

/// A caller that signs what it is told to send.
#[derive(Clone)]
pub struct RawClient {
    endpoint: String,
    credentials: Credentials,
    region: &'static str,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl RawClient {
    pub(crate) fn new(endpoint: &str, credentials: Credentials, region: &'static str) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self {
            endpoint: endpoint.to_owned(),
            credentials,
            region,
            http,
        }
    }

    /// Who signs.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// An AWS JSON 1.1 call: `target` is `AmazonSSM.GetParameter` and the like.
    pub async fn json(&self, service: &str, target: &str, body: &str) -> Answer {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ];
        self.post(service, &headers, body.as_bytes().to_vec()).await
    }

    /// A Query call.
    pub async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Answer {
        let named = [("Action", action), ("Version", version)];
        let pairs = named
            .iter()
            .chain(parameters)
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let headers = [(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )];
        self.post(service, &headers, body.into_bytes()).await
    }

    /// Any signed POST to the root of the server.
    ///
    /// # Panics
    /// When the request cannot be made or the server does not answer.
    pub async fn post(&self, service: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let authority = self.endpoint.trim_start_matches("http://");
        let mut request =
            Request::post(format!("{}/", self.endpoint)).header(header::HOST, authority);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a well-formed request");
        self.sign(service, &mut request, &body);
        self.send(request.map(|()| Full::new(Bytes::from(body))))
            .await
    }

    /// A signed GET that is not sent, such as the upgrade that opens an agent's session.
    ///
    /// # Panics
    /// When the address is none.
    pub fn signed_get(&self, service: &str, path_and_query: &str) -> Request<()> {
        let authority = self.endpoint.trim_start_matches("http://");
        let request = Request::get(format!("{}{path_and_query}", self.endpoint))
            .header(header::HOST, authority);
        let mut request = request.body(()).expect("a well-formed request");
        self.sign(service, &mut request, &[]);
        request
    }

    fn sign(&self, service: &str, request: &mut Request<()>, body: &[u8]) {
        let identity = self.credentials.clone().into();
        let now = u64::try_from(SystemClock.now().as_millis()).expect("a time after 1970");
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
            .settings(SigningSettings::default())
            .build()
            .expect("all parameters are given")
            .into();
        let uri = request.uri().to_string();
        let signed = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
        let method = request.method().to_string();
        let signable = SignableRequest::new(&method, &uri, signed, SignableBody::Bytes(body))
            .expect("a signable request");
        let (instructions, _) = sign(signable, &parameters)
            .expect("a signature")
            .into_parts();
        instructions.apply_to_request_http1x(request);
    }

    /// A GET without a signature.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn get(&self, url: &str) -> Answer {
        self.send(
            Request::get(url)
                .body(Full::default())
                .expect("a well-formed request"),
        )
        .await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let answer = self
            .http
            .request(request)
            .await
            .expect("the server answers");
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("the whole answer").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("a textual answer"),
        }
    }
}

impl Answer {
    /// The same answer, if it is no error.
    ///
    /// # Panics
    /// When it is one.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "often called for the check alone"
    )]
    pub fn success(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// The text of the first XML element of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn element(&self, name: &str) -> String {
        let open = format!("<{name}>");
        let text = self
            .body
            .split_once(&open)
            .and_then(|(_, rest)| rest.split_once("</"));
        text.unwrap_or_else(|| panic!("no {name} in {}", self.body))
            .0
            .to_owned()
    }
}

/// Percent-encodes everything but unreserved characters.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
