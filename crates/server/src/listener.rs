//! Connections and routes: HTTP in, HTTP out.

use std::{future::ready, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::Response,
    routing::{any, get, post},
    serve::ListenerExt as _,
};
use domain::{SecretsFrom, ecs::agents::SESSION_PATH};
use http::{StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::{
    acs::websocket,
    exec::Execs,
    pipeline::{Pipeline, ReadBody},
    pulls::{self, PullBoard, Pulls},
    registry::Registry,
    s3,
};

/// Larger than any request of nearly all services here can be: a 64 KiB value in which every character is escaped.
const MAX_BODY: usize = 1024 * 1024;
/// A batch of log lines is 1 MiB by itself, and JSON around it.
const MAX_LOG_BODY: usize = 4 * 1024 * 1024;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that is answered.
pub fn routes(
    pipeline: Pipeline,
    pulls: PullBoard,
    registry: Registry,
    execs: Execs,
    secrets_from: SecretsFrom,
) -> Router {
    let images = Router::new()
        .route("/v2", any(image))
        .route("/v2/", any(image))
        .route("/v2/{*path}", any(image))
        .with_state((registry, pipeline.clone()));
    let watched = Router::new()
        .route("/_sealift/pulls", post(pulls_of_tasks))
        .with_state(Pulls {
            pipeline: pipeline.clone(),
            board: pulls,
        });
    let commands = Router::new()
        .route("/_sealift/exec", post(command))
        .with_state(execs.clone());
    let sessions = Router::new()
        .route(&format!("{SESSION_PATH}/ws"), any(websocket::accept))
        .with_state(execs.acs);
    Router::new()
        .route(
            "/_sealift/health",
            get(move || ready(health(secrets_from))).fallback(aws),
        )
        .fallback(aws)
        .with_state(pipeline)
        .merge(images)
        .merge(watched)
        .merge(commands)
        .merge(sessions)
}

/// Serves until `stop` turns true, then answers what is under way.
pub async fn serve(listener: TcpListener, routes: Router, mut stop: watch::Receiver<bool>) {
    let listener = listener.tap_io(|connection| {
        // Answers are small and complete: waiting to fill a packet only costs time.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopped = async move {
        // An error means that the server is gone, which is a reason to stop too.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service)
        .with_graceful_shutdown(stopped)
        .await
    {
        tracing::error!(%error, "the listener failed");
    }
}

/// `GET /_sealift/health`: 200 once the server serves. It tells nothing else that is not on the operator's own command
/// line, so it asks for no signature.
fn health(secrets_from: SecretsFrom) -> Response {
    let mut body = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    if let SecretsFrom::Aws { as_me } = secrets_from
        && let Some(members) = body.as_object_mut()
    {
        members.insert("secretsFrom".to_owned(), "aws".into());
        members.insert("asMe".to_owned(), as_me.into());
    }
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

/// `/v2/…`: the ECR registries, in Docker's registry protocol. A layer may be of any size, so nothing is read ahead.
async fn image(
    State((registry, pipeline)): State<(Registry, Pipeline)>,
    peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    // An object may be called so, where its bucket is in the name of the host.
    if s3::is_signed_for(request.headers()) {
        return aws(State(pipeline), peer, request).await;
    }
    registry.respond(request, peer.0).await
}

/// `POST /_sealift/pulls`: a DescribeTasks request, signed for this path, answered with how the pulls of those tasks go.
async fn pulls_of_tasks(
    State(Pulls { pipeline, board }): State<Pulls>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if !pulls::is_about_tasks(&parts) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let body = read(body, MAX_BODY).await;
    let answer = pipeline.respond(parts, body, peer).await;
    pulls::of_described(&board, answer).await.map(Body::new)
}

/// `POST /_sealift/exec`: a command in a container, over the connection that the answer upgrades.
async fn command(
    State(execs): State<Execs>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    execs.respond(request, peer).await
}

/// Everything else is the AWS API.
async fn aws(
    State(pipeline): State<Pipeline>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let is_s3 = s3::is_meant(&parts);
    let limit = if is_s3 {
        s3::LONGEST_BODY
    } else {
        most(&parts)
    };
    let body = read(body, limit).await;
    // In a task of its own: a client that goes away must not cut an operation short, and a defect that panics must
    // not take the connection's other requests with it.
    let answered = tokio::spawn(async move {
        if is_s3 {
            pipeline.s3().respond(parts, body, peer).await
        } else {
            pipeline.respond(parts, body, peer).await
        }
    });
    let answered = answered.await;
    match answered {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!(%error, "a request ended in a defect of the server");
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// How long a body may be, also after it was unfolded.
pub fn most(parts: &Parts) -> usize {
    let target = parts.headers.get("x-amz-target");
    match target.map(header::HeaderValue::as_bytes) {
        Some(b"Logs_20140328.PutLogEvents") => MAX_LOG_BODY,
        _ => MAX_BODY,
    }
}

pub async fn read(body: Body, most: usize) -> ReadBody {
    match timeout(BODY_TIMEOUT, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => ReadBody::Whole(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => ReadBody::TooLarge,
        Ok(Err(_)) | Err(_) => ReadBody::Incomplete,
    }
}
