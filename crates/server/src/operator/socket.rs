//! The server's end: HTTP over a Unix socket in the data directory.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::fs::{MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path as Named, State},
    response::Response,
    routing::post,
    serve::Listener,
};
use bytes::Bytes;
use http::StatusCode;
use tokio::{
    net::{UnixListener, UnixStream, unix::SocketAddr},
    sync::watch,
};

use super::{Operator, Refusal, table, wire};

/// The socket's name in the data directory.
const NAME: &str = "operator.sock";
/// A socket's path has less room than other paths.
const MAX_PATH: usize = 100;

/// A socket by a path that is short enough, whatever the data directory is called.
pub(super) struct Place {
    pub path: PathBuf,
    /// A long path leads through this.
    _dir: Option<File>,
}

/// Where the socket of a data directory is.
pub(super) fn place(data_dir: &Path) -> io::Result<Place> {
    let path = data_dir.join(NAME);
    if path.as_os_str().len() < MAX_PATH {
        return Ok(Place { path, _dir: None });
    }
    let dir = File::open(data_dir)?;
    Ok(Place {
        path: PathBuf::from(format!("/proc/self/fd/{}/{NAME}", dir.as_raw_fd())),
        _dir: Some(dir),
    })
}

/// Only the owner of the data directory (and root) gets through, by the file's mode and by what the kernel says of the
/// peer.
struct OwnersOnly {
    listener: UnixListener,
    owner: u32,
}

impl Listener for OwnersOnly {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == self.owner || peer.uid() == 0 => {
                    return (stream, address);
                }
                Ok(peer) => {
                    let uid = peer.uid();
                    tracing::warn!(uid, "another user was refused the operator socket");
                }
                Err(error) => {
                    tracing::warn!(%error, "a peer of the operator socket could not be told");
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Opens the socket. The data directory is ours, so a socket that is there was left behind.
fn open(data_dir: &Path) -> io::Result<OwnersOnly> {
    let place = place(data_dir)?;
    match fs::remove_file(&place.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&place.path)?;
    fs::set_permissions(&place.path, Permissions::from_mode(0o600))?;
    let owner = fs::metadata(&place.path)?.uid();
    Ok(OwnersOnly { listener, owner })
}

/// Serves the operator until `stop` turns true.
pub(crate) fn serve(
    operator: Operator,
    mut stop: watch::Receiver<bool>,
) -> io::Result<impl Future<Output = ()> + Send> {
    let listener = open(&operator.places.data_dir)?;
    let routes = Router::new()
        .route("/{command}", post(perform))
        .layer(DefaultBodyLimit::max(wire::MAX_BODY))
        .with_state(Arc::new(operator));
    Ok(async move {
        let stopped = async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let served = axum::serve(listener, routes).with_graceful_shutdown(stopped);
        if let Err(error) = served.await {
            tracing::error!(%error, "the operator socket failed");
        }
    })
}

/// Removes the socket of a server that ended.
pub(crate) fn remove(data_dir: &Path) {
    if let Ok(place) = place(data_dir) {
        // What is left behind is removed at the next start.
        let _ = fs::remove_file(&place.path);
    }
}

async fn perform(
    State(operator): State<Arc<Operator>>,
    Named(command): Named<String>,
    input: Bytes,
) -> Response {
    // In a task of its own: an operator who goes away must not cut a command short.
    let performed = tokio::spawn(async move {
        match table().get(command.as_str()) {
            Some(perform) => perform(&operator, &input).await,
            None => Err(Refusal::told(format!(
                "this server knows no command `{command}`; is it an older release than this command line?"
            ))),
        }
    });
    let (status, body) = match performed.await {
        Ok(Ok(answer)) => (StatusCode::OK, answer.expose_secret().to_vec()),
        Ok(Err(refusal)) => (StatusCode::BAD_REQUEST, refusal.to_string().into_bytes()),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            error.to_string().into_bytes(),
        ),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
