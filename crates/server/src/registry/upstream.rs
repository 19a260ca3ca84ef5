//! The OCI registry that keeps the layers: requests and answers pass through in pieces, of whatever size.

use std::time::Duration;

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::ecr::registry::Refusal;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use store::ecr::RepositoryAddress;
use types::SecretValue;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What of a request the registry gets to see. Never the client's login.
const PASSED_ON: [header::HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::RANGE,
    header::ACCEPT,
];

/// Where the registry is, and how to log in there.
pub struct OciRegistry {
    /// `http://host:port`, `https://host`, with a path where all repositories are to be below one.
    pub url: Uri,
    pub login: Option<(String, SecretValue)>,
}

/// Why an address cannot be that of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OciRegistryError {
    #[error(
        "the OCI registry's address `{0}` must be `http://host[:port]` or `https://host[:port]`"
    )]
    Address(String),
    #[error("the login of the OCI registry cannot be sent")]
    Login,
    #[error("no root certificates are found on this host: {0}")]
    Certificates(String),
}

/// A client of the registry.
pub struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    origin: String,
    /// What comes before the names of repositories: `prefix/`, or nothing.
    prefix: String,
    authorization: Option<HeaderValue>,
}

impl Upstream {
    pub fn new(registry: &OciRegistry) -> Result<Self, OciRegistryError> {
        let OciRegistry { url, login } = registry;
        let bad = || OciRegistryError::Address(url.to_string());
        let scheme = url.scheme_str().filter(|s| ["http", "https"].contains(s));
        let (scheme, authority) = (scheme.ok_or_else(bad)?, url.authority().ok_or_else(bad)?);
        if authority.as_str().contains('@') || url.query().is_some() {
            return Err(bad());
        }
        let prefix = url.path().trim_matches('/');
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| OciRegistryError::Certificates(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            origin: format!("{scheme}://{authority}"),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
            authorization: login.as_ref().map(authorization).transpose()?,
        })
    }

    /// The path of something in a repository: each has a place of its own there, by account and region.
    pub fn path(&self, repository: &RepositoryAddress, rest: &str) -> String {
        let RepositoryAddress {
            account,
            region,
            name,
        } = repository;
        format!("/v2/{}{account}/{region}/{name}/{rest}", self.prefix)
    }

    /// Asks the registry. Its refusal of our own login is a failure of this server.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        from: &HeaderMap,
        body: Body,
    ) -> Result<Response<Incoming>, Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.origin)
            .parse()
            .map_err(|_| Refusal::told(400, "UNSUPPORTED", "the path cannot be passed on"))?;
        let headers = request.headers_mut();
        for name in PASSED_ON {
            for value in from.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        match self.client.request(request).await {
            Ok(answer) if is_about_us(answer.status()) => {
                let status = answer.status().as_u16();
                tracing::error!(status, "the OCI registry does not take this server's login");
                Err(unavailable())
            }
            Ok(answer) => Ok(answer),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the OCI registry does not answer");
                Err(unavailable())
            }
        }
    }
}

fn is_about_us(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn unavailable() -> Refusal {
    let text = "the registry behind this server is not available";
    Refusal::told(503, "UNAVAILABLE", text)
}

fn authorization(login: &(String, SecretValue)) -> Result<HeaderValue, OciRegistryError> {
    let (user, password) = login;
    let plain = [user.as_bytes(), b":", password.expose_secret()].concat();
    let plain = SecretValue::from(plain);
    let text = format!("Basic {}", STANDARD.encode(plain.expose_secret()));
    let mut value = HeaderValue::try_from(text).map_err(|_| OciRegistryError::Login)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str) -> Result<Upstream, OciRegistryError> {
        Upstream::new(&OciRegistry {
            url: url.parse().unwrap(),
            login: None,
        })
    }

    #[test]
    fn every_repository_has_a_place_of_its_own() {
        let app = RepositoryAddress {
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            name: "team/app".to_owned(),
        };
        let path = |url| upstream(url).unwrap().path(&app, "tags/list");
        assert_eq!(
            path("http://127.0.0.1:5000"),
            "/v2/111122223333/us-west-2/team/app/tags/list"
        );
        assert_eq!(
            path("http://registry.test/ecr/"),
            "/v2/ecr/111122223333/us-west-2/team/app/tags/list"
        );
        for bad in [
            "registry.test",
            "ftp://registry.test",
            "http://u:p@registry.test",
        ] {
            assert!(upstream(bad).is_err(), "{bad}");
        }
    }
}
