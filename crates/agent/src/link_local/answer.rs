//! The routes of the address, in the words of ECS's agent.

use std::{net::SocketAddr, sync::Weak};

use axum::{
    Router,
    extract::{ConnectInfo, Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use ecs::acs::Credentials;
use http::{HeaderValue, StatusCode, header};
use types::SecretValue;

use super::LinkLocal;

/// Credentials under their ids, and the AWS API everywhere else.
pub(super) fn routes(link_local: Weak<LinkLocal>, api: Router) -> Router {
    Router::new()
        .route("/v2/credentials", get(no_id))
        .route("/v2/credentials/", get(no_id))
        .route("/v2/credentials/{id}", get(credentials))
        .with_state(link_local)
        .fallback_service(api)
}

async fn no_id() -> Response {
    refused(
        "NoIdInRequest",
        "CredentialsV2Request: No ID in the request",
    )
}

async fn credentials(
    State(link_local): State<Weak<LinkLocal>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
) -> Response {
    let found = match link_local.upgrade() {
        Some(link_local) => link_local.credentials_for(&id, peer.ip()).await,
        None => None,
    };
    match found {
        Some(credentials) => json(StatusCode::OK, document(&credentials)),
        None => refused(
            "InvalidIdInRequest",
            "CredentialsV2Request: Credentials not found",
        ),
    }
}

/// What an SDK reads.
fn document(credentials: &Credentials) -> Vec<u8> {
    let text = |secret: &SecretValue| secret.expose_secret_str().unwrap_or_default().to_owned();
    let document = serde_json::json!({
        "RoleArn": credentials.role_arn,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": text(&credentials.secret_access_key),
        "Token": text(&credentials.session_token),
        "Expiration": credentials.expiration,
    });
    document.to_string().into_bytes()
}

fn refused(code: &str, message: &str) -> Response {
    let document = serde_json::json!({"code": code, "message": message, "HTTPErrorCode": 400});
    json(StatusCode::BAD_REQUEST, document.to_string().into_bytes())
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
