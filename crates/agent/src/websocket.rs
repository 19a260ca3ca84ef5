//! Sessions with a control plane on another host: ECS's websocket.

use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt as _, StreamExt as _};
use http::uri::Scheme;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

use crate::{AcsConnector, ConnectRefused, Duplex};

/// How many frames may wait in one direction.
const FRAMES: usize = 64;
/// Longer than a payload: a task definition is 64 KiB, and its environment travels in it once more.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// A control plane that takes no frame for so long is not there.
const WRITE_WITHIN: Duration = Duration::from_mins(3);

/// Opens each session as a websocket at the address that its request names.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebSockets;

#[async_trait]
impl AcsConnector for WebSockets {
    async fn connect(&self, upgrade: http::Request<()>) -> Result<Duplex, ConnectRefused> {
        let request = as_websocket(upgrade).map_err(|error| on_the_way(&error))?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let connecting = connect_async_with_config(request, Some(limits), true);
        let socket = match timeout(CONNECT_WITHIN, connecting).await {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(Error::Http(refused))) => {
                let body = refused.body().as_deref().unwrap_or_default();
                return Err(ConnectRefused {
                    status: refused.status().as_u16(),
                    body: String::from_utf8_lossy(body).into_owned(),
                });
            }
            Ok(Err(error)) => return Err(on_the_way(&error)),
            Err(elapsed) => return Err(on_the_way(&elapsed)),
        };
        let (agent, wire) = Duplex::pair(FRAMES);
        tokio::spawn(carry(socket, wire));
        Ok(agent)
    }
}

/// What never became an answer.
fn on_the_way(error: &dyn std::fmt::Display) -> ConnectRefused {
    ConnectRefused {
        status: 0,
        body: error.to_string(),
    }
}

/// The same request under the scheme of websockets, which its signature does not cover.
fn as_websocket(upgrade: http::Request<()>) -> Result<http::Request<()>, http::Error> {
    let (mut parts, ()) = upgrade.into_parts();
    let scheme = match parts.uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => "ws",
        _ => "wss",
    };
    let mut uri = parts.uri.into_parts();
    uri.scheme = Some(scheme.parse().map_err(http::Error::from)?);
    parts.uri = http::Uri::from_parts(uri)?;
    Ok(http::Request::from_parts(parts, ()))
}

/// Carries frames until either side has enough. Pings are answered by the websocket itself.
async fn carry(socket: WebSocketStream<MaybeTlsStream<TcpStream>>, wire: Duplex) {
    let (mut sink, mut stream) = socket.split();
    let Duplex {
        outgoing: to_agent,
        incoming: mut from_agent,
    } = wire;
    let hear = async {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Text(text) => {
                    if to_agent.send(text.to_string()).await.is_err() {
                        return;
                    }
                }
                Message::Close(_) => return,
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    };
    let say = async {
        while let Some(frame) = from_agent.recv().await {
            let sent = timeout(WRITE_WITHIN, sink.send(Message::Text(frame.into()))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        // Whoever is gone needs no goodbye.
        let _ = timeout(WRITE_WITHIN, sink.send(Message::Close(None))).await;
    };
    tokio::select! {
        () = hear => {}
        () = say => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_alone_changes() {
        for (http, ws) in [
            (
                "http://127.0.0.1:4566/acs/ws?a=b%20c",
                "ws://127.0.0.1:4566/acs/ws?a=b%20c",
            ),
            (
                "https://example.com/acs/ws?a=b",
                "wss://example.com/acs/ws?a=b",
            ),
        ] {
            let request = http::Request::get(http)
                .header("host", "x")
                .body(())
                .unwrap();
            let request = as_websocket(request).unwrap();
            assert_eq!(request.uri().to_string(), ws);
            assert_eq!(request.headers().get("host").unwrap(), "x");
        }
    }
}
