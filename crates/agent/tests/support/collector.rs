//! An HTTP event collector as Splunk has it: it keeps who sent something.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method},
    routing::any,
};

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

pub struct Collector {
    pub url: String,
    sent: Sent,
}

impl Collector {
    pub async fn start() -> Self {
        let sent = Sent::default();
        let app = Router::new().fallback(any(take)).with_state(sent.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, sent }
    }

    /// The `Authorization` of everything that was sent.
    pub fn authorizations(&self) -> Vec<String> {
        self.sent.0.lock().unwrap().clone()
    }
}

async fn take(State(sent): State<Sent>, method: Method, headers: HeaderMap) -> &'static str {
    // The driver asks with OPTIONS first whether there is a collector.
    if method == Method::POST {
        let authorization = headers["authorization"].to_str().unwrap().to_owned();
        sent.0.lock().unwrap().push(authorization);
    }
    r#"{"text":"Success","code":0}"#
}
