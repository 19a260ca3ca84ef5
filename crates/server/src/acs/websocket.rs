//! `GET /_sealift/acs/ws`: the session of an agent on another host, over ECS's websocket.
//!
//! The upgrade request is decided like every other opening of a session, before anything is upgraded.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::{
        ConnectInfo, FromRequestParts as _, Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    response::Response,
};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{sync::mpsc, time::timeout};

use super::{Acs, upgrade};

/// Longer than anything that an agent says; the output of commands comes in small pieces.
const MAX_MESSAGE: usize = 1024 * 1024;
/// An agent that takes no frame for so long is not there.
const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// Answers with the websocket, or why there is none.
pub async fn accept(
    State(acs): State<Acs>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let mut signed = http::Request::new(());
    signed.method_mut().clone_from(&parts.method);
    signed.uri_mut().clone_from(&parts.uri);
    signed.headers_mut().clone_from(&parts.headers);
    signed.extensions_mut().insert(peer.ip());
    let Ok(socket) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        return upgrade::no_websocket().map(Body::from);
    };
    match acs.connect(signed).await {
        Ok((from_agent, to_agent)) => socket
            .max_message_size(MAX_MESSAGE)
            .max_frame_size(MAX_MESSAGE)
            .on_upgrade(move |socket| carry(socket, from_agent, to_agent)),
        Err(refused) => refused.map(Body::from),
    }
}

/// Carries frames until either side has enough. Pings are answered by the websocket itself.
async fn carry(
    socket: WebSocket,
    from_agent: mpsc::Sender<String>,
    mut to_agent: mpsc::Receiver<String>,
) {
    let (mut sink, mut stream) = socket.split();
    let hear = async {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Text(text) => {
                    if from_agent.send(text.to_string()).await.is_err() {
                        return;
                    }
                }
                Message::Close(_) => return,
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    };
    let say = async {
        while let Some(frame) = to_agent.recv().await {
            let sent = timeout(WRITE_WITHIN, sink.send(Message::Text(frame.into()))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        // AWS: after 1001 agents come back at once.
        let close = CloseFrame {
            code: close_code::AWAY,
            reason: "the session ended".into(),
        };
        // Whoever is gone needs no goodbye.
        let _ = timeout(WRITE_WITHIN, sink.send(Message::Close(Some(close)))).await;
    };
    tokio::select! {
        () = hear => {}
        () = say => {}
    }
}
