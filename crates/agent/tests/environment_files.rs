//! How environment files are fetched: as whom, how often each, how often again, and in which words it fails.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a test did not expect may panic"
)]

use std::sync::{Arc, Mutex};

use agent::{
    Wording,
    resolve::{AwsClients, EnvironmentFiles, ServiceEndpoints},
};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::IntoResponse,
};
use ecs::acs;
use types::SecretValue;

/// An S3 that notes what it is asked, and answers objects as it is told to: each answer once, the last one always.
#[derive(Clone)]
struct S3 {
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<(u16, &'static str)>>>,
}

impl S3 {
    async fn start(answers: &[(u16, &'static str)]) -> (Self, String) {
        let s3 = Self {
            asked: Arc::default(),
            answers: Arc::new(Mutex::new(answers.to_vec())),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(s3.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (s3, url)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(s3): State<S3>, request: Request) -> impl IntoResponse {
    let signature = request.headers()["authorization"].to_str().unwrap();
    let scope = signature.split(['/', ',']).skip(2).take(2);
    let scope = scope.collect::<Vec<_>>().join("/");
    s3.asked
        .lock()
        .unwrap()
        .push(format!("{} {scope}", request.uri()));
    let ids = [("x-amz-request-id", "R"), ("x-amz-id-2", "H")];
    if request.uri().query() == Some("location") {
        let body = "<LocationConstraint xmlns=\"x\">eu-west-1</LocationConstraint>";
        return (StatusCode::OK, ids, body);
    }
    let mut answers = s3.answers.lock().unwrap();
    let (status, body) = if answers.len() > 1 {
        answers.remove(0)
    } else {
        answers[0]
    };
    (StatusCode::from_u16(status).unwrap(), ids, body)
}

fn container(name: &str, files: &[&str]) -> acs::Container {
    let files = files.iter().map(|value| acs::EnvironmentFile {
        value: (*value).to_owned(),
        kind: "s3".to_owned(),
    });
    acs::Container {
        name: name.to_owned(),
        environment_files: files.collect(),
        ..acs::Container::default()
    }
}

async fn fetch(url: &str, wording: Wording, containers: &[acs::Container]) -> Result<(), String> {
    let endpoints = ServiceEndpoints {
        s3: Some(url.to_owned()),
        ..ServiceEndpoints::default()
    };
    let role = acs::Credentials {
        access_key_id: "ASIAEXECUTIONROLE000".into(),
        secret_access_key: SecretValue::from("role-secret"),
        session_token: SecretValue::from("role-token"),
        ..acs::Credentials::default()
    };
    let files = EnvironmentFiles::new(AwsClients::new(endpoints).worded(wording));
    let fetched = files.fetch(containers, "us-west-2", &role).await;
    fetched.map(drop).map_err(|error| error.to_string())
}

const DENIED: &str = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

#[tokio::test]
async fn a_file_is_asked_for_once_in_the_region_of_its_bucket() {
    let (s3, url) = S3::start(&[(200, "A=1")]).await;
    let file = "arn:aws:s3:::conf/a b/ü+.env";
    let containers = [container("app", &[file]), container("side", &[file])];
    fetch(&url, Wording::Current, &containers).await.unwrap();
    assert_eq!(
        s3.asked(),
        [
            "/conf?location us-west-2/s3",
            "/conf/a%20b/%C3%BC%2B.env eu-west-1/s3"
        ]
    );
}

#[tokio::test]
async fn what_passes_is_tried_three_times_and_a_refusal_once() {
    let app = [container("app", &["arn:aws:s3:::conf/a.env"])];
    let (s3, url) = S3::start(&[(503, DENIED), (500, ""), (200, "A=1")]).await;
    fetch(&url, Wording::Current, &app).await.unwrap();
    assert_eq!(s3.asked().len(), 4);

    let (s3, url) = S3::start(&[(503, "<Error><Code>SlowDown</Code></Error>")]).await;
    let why = fetch(&url, Wording::Current, &app).await.unwrap_err();
    assert_eq!(
        why,
        "unable to download env file with key a.env from bucket conf, error: operation error S3: GetObject, exceeded maximum number of attempts, 3, https response error StatusCode: 503, RequestID: R, HostID: H, api error SlowDown: "
    );
    assert_eq!(s3.asked().len(), 4);

    let (s3, url) = S3::start(&[(403, DENIED)]).await;
    let why = fetch(&url, Wording::Current, &app).await.unwrap_err();
    assert!(why.ends_with(
        "StatusCode: 403, RequestID: R, HostID: H, api error AccessDenied: Access Denied"
    ));
    assert_eq!(s3.asked().len(), 2);
}

#[tokio::test]
async fn the_platform_has_words_of_its_own() {
    let (_s3, url) = S3::start(&[(403, DENIED)]).await;
    let app = [container(
        "app",
        &["arn:aws:s3:::conf/a.env", "arn:aws:s3:::conf/b.env"],
    )];
    assert_eq!(
        fetch(&url, Wording::Fargate, &app).await.unwrap_err(),
        "failed to download env files: file download command: non empty error stream: service call has been retried 1 time(s): AccessDenied: Access Denied\n\tstatus code: 403, request id: R, host id: H"
    );
    // The agent tells all that failed.
    let why = fetch(&url, Wording::Current, &app).await.unwrap_err();
    assert!(
        why.contains("key a.env") && why.contains(";unable to download env file with key b.env")
    );
}

#[tokio::test]
async fn no_reason_shows_a_line_of_a_file() {
    let (_s3, url) = S3::start(&[(200, "TOKEN=hush\0hush")]).await;
    let app = [container("app", &["arn:aws:s3:::conf/a.env"])];
    let why = fetch(&url, Wording::Current, &app).await.unwrap_err();
    assert!(why.contains("zero byte") && !why.contains("hush"));
}
