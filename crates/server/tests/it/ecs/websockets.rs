//! The session of an agent on another host: ECS's websocket, with a client that is not ours.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Request, header};
use serde_json::{Value, json};
use testkit::{Caller, TestAws};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, handshake::client::generate_key},
};

use super::{
    agent::{Agent, recorded},
    execution_role, ok, refused, register,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(20);

/// The signed upgrade of an instance's session, of this cluster and in this caller's name.
fn upgrade(caller: &Caller, cluster: &str, arn: &str) -> Request<()> {
    let arn = arn.replace(':', "%3A").replace('/', "%2F");
    let path = format!(
        "/_sealift/acs/ws?clusterArn={cluster}&containerInstanceArn={arn}&dockerVersion=DockerVersion%3A%2020.10.24%2Bdfsg1\
         &protocolVersion=2&sendCredentials=true&seqNum=1"
    );
    let mut request = caller.raw().signed_get("ecs", &path);
    let uri = request.uri().to_string().replacen("http:", "ws:", 1);
    *request.uri_mut() = uri.parse().expect("an address");
    let headers = request.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
    let key = generate_key().parse().expect("a header");
    headers.insert("sec-websocket-key", key);
    request
}

async fn open(request: Request<()>) -> Socket {
    connect_async(request).await.expect("a session").0
}

/// The status and the exception of an upgrade that is refused.
async fn refusal(request: Request<()>) -> (u16, String) {
    let Err(Error::Http(answer)) = connect_async(request).await else {
        panic!("the upgrade is not refused");
    };
    let body = answer.body().as_deref().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).expect("a refusal in JSON");
    assert!(body["message"]["message"].is_string(), "{body}");
    let exception = body["type"].as_str().expect("an exception");
    (answer.status().as_u16(), exception.to_owned())
}

async fn expect(socket: &mut Socket, kind: &str) -> Value {
    let waiting = async {
        loop {
            let message = socket.next().await.expect("the session is open");
            let Message::Text(frame) = message.expect("a whole frame") else {
                continue;
            };
            let envelope: Value = serde_json::from_str(&frame).expect("a frame of JSON");
            if envelope["type"] == kind {
                return envelope["message"].clone();
            }
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("no {kind} came"))
}

async fn say(socket: &mut Socket, envelope: &Value) {
    let frame = Message::Text(envelope.to_string().into());
    socket.send(frame).await.expect("the session is open");
}

/// Whether the session is over; what still comes before that is passed over.
async fn is_closed(socket: &mut Socket) -> bool {
    let draining = async { while let Some(Ok(_)) = socket.next().await {} };
    timeout(PATIENCE, draining).await.is_ok()
}

async fn task(aws: &TestAws) -> String {
    let role = execution_role(aws).await;
    register(aws, "app", &json!({}), &json!({"executionRoleArn": role})).await;
    let ran = ok(&aws.root(), "RunTask", &json!({"taskDefinition": "app"})).await;
    let arn = ran["tasks"][0]["taskArn"].as_str();
    arn.expect("a task").to_owned()
}

#[tokio::test]
async fn a_websocket_carries_the_session_and_is_replaced_by_the_next() {
    let aws = testkit::start().await;
    let agent = Agent::register(&aws, "default").await;
    let mut socket = open(upgrade(&agent.caller, "default", &agent.arn)).await;
    expect(&mut socket, "TaskManifestMessage").await;
    let arn = task(&aws).await;
    let payload = expect(&mut socket, "PayloadMessage").await;
    assert_eq!(payload["tasks"][0]["arn"], json!(arn));
    let credentials = &payload["tasks"][0]["executionRoleCredentials"];
    assert!(credentials["secretAccessKey"].is_string());

    // What is not a text frame, or no message, harms nothing.
    socket.send(Message::Ping("there?".into())).await.unwrap();
    socket.send(Message::Binary("binary".into())).await.unwrap();
    socket.send(Message::Text("{".into())).await.unwrap();
    let ack = json!({"type": "AckRequest", "message": {"cluster": "default", "containerInstance": agent.arn,
        "messageId": payload["messageId"]}});
    say(&mut socket, &ack).await;

    let mut next = open(upgrade(&agent.caller, "default", &agent.arn)).await;
    assert!(is_closed(&mut socket).await);
    let manifest = expect(&mut next, "TaskManifestMessage").await;
    assert_eq!(manifest["tasks"][0]["taskArn"], json!(arn));
}

#[tokio::test]
async fn a_session_ends_with_a_message_that_is_too_long() {
    let aws = testkit::start().await;
    let agent = Agent::register(&aws, "default").await;
    let mut socket = open(upgrade(&agent.caller, "default", &agent.arn)).await;
    expect(&mut socket, "TaskManifestMessage").await;
    // The server may hang up before it has taken everything.
    let _ = socket.send(Message::Text("x".repeat(2 << 20).into())).await;
    assert!(is_closed(&mut socket).await);
}

#[tokio::test]
async fn an_upgrade_is_refused_by_name() {
    let aws = testkit::start().await;
    let agent = Agent::register(&aws, "default").await;
    let other = Agent::register_as(&aws, "default", "other-host").await;
    let nobody = aws
        .user(
            "nobody",
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}}"#,
        )
        .await;
    let arn = agent.arn.as_str();
    let access_denied = (400, "AccessDeniedException".to_owned());

    // Another instance's session, whatever the caller's policies say; and one's own without the right to poll.
    assert_eq!(
        refusal(upgrade(&other.caller, "default", arn)).await,
        access_denied
    );
    assert_eq!(
        refusal(upgrade(&aws.root(), "default", arn)).await,
        access_denied
    );
    assert_eq!(
        refusal(upgrade(&nobody, "default", arn)).await,
        access_denied
    );
    let (of_cluster, _) = arn.rsplit_once('/').expect("an id");
    let unknown = format!("{of_cluster}/{}", "0".repeat(32));
    let unknown = refusal(upgrade(&agent.caller, "default", &unknown)).await;
    assert_eq!(unknown, (400, "InvalidInstanceException".to_owned()));
    let elsewhere = refusal(upgrade(&agent.caller, "elsewhere", arn)).await;
    assert_eq!(elsewhere, (400, "InvalidClusterException".to_owned()));

    let mut unsigned = upgrade(&agent.caller, "default", arn);
    unsigned.headers_mut().remove(header::AUTHORIZATION);
    let (status, exception) = refusal(unsigned).await;
    assert_eq!(
        (status, exception.as_str()),
        (400, "MissingAuthenticationTokenException")
    );
    let mut changed = upgrade(&agent.caller, "default", arn);
    let uri = changed.uri().to_string().replace("seqNum=1", "seqNum=2");
    *changed.uri_mut() = uri.parse().unwrap();
    assert_eq!(refusal(changed).await.1, "InvalidSignatureException");
}

#[tokio::test]
async fn a_host_joins_only_the_clusters_it_may_and_only_as_itself() {
    let aws = testkit::start().await;
    for cluster in ["mine", "theirs"] {
        ok(
            &aws.root(),
            "CreateCluster",
            &json!({"clusterName": cluster}),
        )
        .await;
    }
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"ecs:*","Resource":"*",
        "Condition":{{"ArnEquals":{{"ecs:cluster":"arn:aws:ecs:us-east-1:{}:cluster/mine"}}}}}}}}"#,
        testkit::ACCOUNT
    );
    let host = aws.user("narrow-host", &policy).await;
    let mut registration = recorded()["registration"].clone();
    registration["cluster"] = json!("theirs");
    let (code, _) = refused(&host, "RegisterContainerInstance", &registration).await;
    assert_eq!(code, "AccessDeniedException");
    registration["cluster"] = json!("mine");
    ok(&host, "RegisterContainerInstance", &registration).await;

    let agent = Agent::register_as(&aws, "mine", "other-host").await;
    registration["containerInstanceArn"] = json!(agent.arn);
    let (code, text) = refused(&host, "RegisterContainerInstance", &registration).await;
    assert_eq!(code, "AccessDeniedException");
    assert_eq!(
        text,
        "The container instance was registered by another principal."
    );
}
