//! The routes of the address, in the words of ECS's agent.

use std::{net::SocketAddr, sync::Weak};

use api::codec::{JsonWriter, Shape, Sink as _};
use axum::{
    Router,
    extract::{ConnectInfo, Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use ecs::acs::Credentials;
use http::{HeaderValue, StatusCode, header};

use super::{LinkLocal, metadata};

/// Credentials and metadata under their ids, and the AWS API everywhere else.
pub(super) fn routes(link_local: Weak<LinkLocal>, api: Router) -> Router {
    Router::new()
        .route("/v2/credentials", get(no_id))
        .route("/v2/credentials/", get(no_id))
        .route("/v2/credentials/{id}", get(credentials))
        .merge(metadata::routes())
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
fn document(credentials: &Credentials) -> Bytes {
    let mut writer = JsonWriter::default();
    let any = &Shape::ANY;
    writer.structure(&[
        ("RoleArn", &credentials.role_arn, any),
        ("AccessKeyId", &credentials.access_key_id, any),
        ("SecretAccessKey", &credentials.secret_access_key, any),
        ("Token", &credentials.session_token, any),
        ("Expiration", &credentials.expiration, any),
    ]);
    Bytes::from_owner(writer.into_bytes())
}

fn refused(code: &str, message: &str) -> Response {
    let document = serde_json::json!({"code": code, "message": message, "HTTPErrorCode": 400});
    json(StatusCode::BAD_REQUEST, document.to_string().into())
}

pub(super) fn json(status: StatusCode, body: Bytes) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
