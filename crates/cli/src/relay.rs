//! The server's API at another address of this host: requests go on as they came, signatures and all.

use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, StatusCode, Uri, Version, header, uri::PathAndQuery};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is between two neighbours, and not for who comes after them.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Clone)]
struct Relay {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    endpoint: Uri,
}

/// Routes that ask the server at this address whatever they are asked.
pub fn routes(endpoint: &Uri) -> Result<Router> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .context("no root certificates are found on this host")?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let relay = Relay {
        client: Client::builder(TokioExecutor::new()).build(connector),
        endpoint: endpoint.clone(),
    };
    Ok(Router::new().fallback(pass_on).with_state(relay))
}

async fn pass_on(State(relay): State<Relay>, request: Request) -> Response {
    let unavailable = || {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    };
    let (mut parts, body) = request.into_parts();
    let asked = parts.uri.path_and_query().cloned();
    let mut uri = relay.endpoint.clone().into_parts();
    uri.path_and_query = asked.or(Some(PathAndQuery::from_static("/")));
    let Ok(uri) = Uri::from_parts(uri) else {
        return unavailable();
    };
    // The name that the caller signed for stays.
    parts.uri = uri;
    parts.version = Version::HTTP_11;
    remove_hop_by_hop(&mut parts.headers);
    match relay.client.request(Request::from_parts(parts, body)).await {
        Ok(answer) => {
            let mut answer = answer.map(Body::new);
            remove_hop_by_hop(answer.headers_mut());
            answer
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the server does not answer what a container asks");
            unavailable()
        }
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    for name in named {
        headers.remove(name.as_str());
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_two_neighbours_does_not_go_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Between"),
            ("x-between", "a"),
            ("transfer-encoding", "chunked"),
            ("host", "169.254.170.2"),
            ("authorization", "signed"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        remove_hop_by_hop(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "host"]);
    }
}
