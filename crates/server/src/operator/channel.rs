//! The operator's end: to the server that runs on the data directory, or to its store where none runs.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, time::Instant};
use types::SecretValue;

use super::{Command, Operator, Refusal, socket, wire};
use crate::{
    Config, StartError,
    data_dir::{DataDir, DataDirError},
    start,
};

/// How long a server that just starts may take to open its socket.
const START: Duration = Duration::from_secs(10);

/// Leads to a server's functions, whether it runs or not.
pub struct Channel(Way);

enum Way {
    Socket(PathBuf),
    /// The store, opened here, and the directory held for it.
    Own(Box<Operator>, DataDir),
}

/// Why a command had no answer.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot reach the server that runs on `{}`: {cause}", data_dir.display())]
    Unreachable { data_dir: PathBuf, cause: String },
    /// What the server, or its function, said.
    #[error("{0}")]
    Refused(String),
}

impl Channel {
    /// Finds the server, or opens its store for as long as the channel is kept.
    pub async fn open(config: &Config) -> Result<Self, OperatorError> {
        match DataDir::take(&config.data_dir) {
            Ok(held) => {
                let operator = start::open_for_operator(config).await?;
                Ok(Self(Way::Own(Box::new(operator), held)))
            }
            Err(DataDirError::InUse { path }) => Ok(Self(Way::Socket(path))),
            Err(error) => Err(StartError::from(error).into()),
        }
    }

    /// Whether a running server is at the other end.
    pub fn is_running(&self) -> bool {
        matches!(self.0, Way::Socket(_))
    }

    /// Has one command carried out.
    pub async fn ask<C: Command>(&self, command: C) -> Result<C::Answer, OperatorError> {
        let refused = |refusal: Refusal| OperatorError::Refused(refusal.to_string());
        match &self.0 {
            Way::Own(operator, _) => operator.perform(command).await.map_err(refused),
            Way::Socket(data_dir) => {
                let body = wire::to_json(&command).map_err(refused)?;
                let unreachable = |cause: String| OperatorError::Unreachable {
                    data_dir: data_dir.clone(),
                    cause,
                };
                let answered = call(data_dir, C::NAME, &body).await;
                let (status, answer) = answered.map_err(|cause| unreachable(cause.to_string()))?;
                if status != StatusCode::OK {
                    let text = answer.expose_secret_str().unwrap_or_default();
                    return Err(OperatorError::Refused(text.to_owned()));
                }
                serde_json::from_slice(answer.expose_secret())
                    .map_err(|error| unreachable(format!("its answer cannot be read: {error}")))
            }
        }
    }

    /// Lets go of what was opened.
    pub async fn close(self) {
        if let Way::Own(operator, _held) = self.0 {
            operator.world.store.close().await;
        }
    }
}

/// One request over the socket. A command may take as long as it needs.
async fn call(
    data_dir: &Path,
    command: &str,
    body: &SecretValue,
) -> Result<(StatusCode, SecretValue), Box<dyn std::error::Error + Send + Sync>> {
    let stream = connect(data_dir).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post(format!("/{command}"))
        .header(header::HOST, "operator")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.expose_secret())))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    drop(sender);
    // The answer is there in full; how the connection ends does not matter any more.
    let _ = connection.await;
    Ok((status, SecretValue::from(Vec::from(body))))
}

/// A server holds its directory before it listens, so its socket may still be on its way.
async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let until = Instant::now() + START;
    loop {
        let place = socket::place(data_dir)?;
        match UnixStream::connect(&place.path).await {
            Err(error)
                if Instant::now() < until
                    && matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                    ) =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            outcome => return outcome,
        }
    }
}
