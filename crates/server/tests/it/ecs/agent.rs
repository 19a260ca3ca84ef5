//! An agent that does only what its test says, with the registration of ECS's own.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Caller, TestAws};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{call, ok};

const PATIENCE: Duration = Duration::from_secs(20);

/// What ECS's own agent was recorded saying.
pub fn recorded() -> Value {
    serde_json::from_str(include_str!("../../data/agent-said.json")).expect("recorded JSON")
}

/// A registered container instance.
pub struct Agent {
    pub caller: Caller,
    pub cluster: String,
    pub arn: String,
}

/// Its open session.
pub struct Session {
    pub outgoing: mpsc::Sender<String>,
    pub incoming: mpsc::Receiver<String>,
    cluster_arn: String,
    arn: String,
}

impl Agent {
    /// Registers with what ECS's own agent registers with, as a user of its own.
    pub async fn register(aws: &TestAws, cluster: &str) -> Self {
        Self::register_as(aws, cluster, "host").await
    }

    pub async fn register_as(aws: &TestAws, cluster: &str, user: &str) -> Self {
        Self::register_with(aws, cluster, user, &[]).await
    }

    /// Registers with these attributes besides.
    pub async fn register_with(
        aws: &TestAws,
        cluster: &str,
        user: &str,
        attributes: &[&str],
    ) -> Self {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:*","Resource":"*"}}"#;
        let caller = aws.user(user, policy).await;
        let mut registration = recorded()["registration"].clone();
        registration["cluster"] = json!(cluster);
        let known = registration["attributes"].as_array_mut();
        let more = attributes.iter().map(|name| json!({"name": name}));
        known.expect("attributes").extend(more);
        let answer = ok(&caller, "RegisterContainerInstance", &registration).await;
        let instance = &answer["containerInstance"];
        assert_same_attributes(&registration["attributes"], &instance["attributes"]);
        let arn = instance["containerInstanceArn"].as_str().expect("an ARN");
        Self {
            caller,
            cluster: cluster.to_owned(),
            arn: arn.to_owned(),
        }
    }

    /// Opens the session as a process that has just begun.
    pub async fn connect(&self, aws: &TestAws) -> Session {
        self.connect_as(aws, &self.caller, true)
            .await
            .expect("a session")
    }

    pub async fn reconnect(&self, aws: &TestAws) -> Session {
        self.connect_as(aws, &self.caller, false)
            .await
            .expect("a session")
    }

    pub async fn connect_as(
        &self,
        aws: &TestAws,
        caller: &Caller,
        send_credentials: bool,
    ) -> Result<Session, http::Response<String>> {
        let answer = ok(
            &self.caller,
            "DiscoverPollEndpoint",
            &json!({"cluster": self.cluster, "containerInstance": self.arn, "zoneId": ""}),
        )
        .await;
        let endpoint = answer["endpoint"].as_str().expect("an endpoint");
        let path = endpoint
            .strip_prefix(aws.server.endpoint())
            .expect("our own address");
        let arn = self.arn.replace(':', "%3A").replace('/', "%2F");
        let query = format!(
            "{path}/ws?agentHash=a8b3e7d3&agentVersion=1.105.1&clusterArn={}&containerInstanceArn={arn}\
             &dockerVersion=DockerVersion%3A%2020.10.24%2Bdfsg1&protocolVersion=2\
             &sendCredentials={send_credentials}&seqNum=1",
            self.cluster
        );
        let upgrade = caller.raw().signed_get("ecs", &query);
        let (outgoing, incoming) = aws.server.acs().connect(upgrade).await?;
        let cluster_arn = self.arn.replace("container-instance/", "cluster/");
        let cluster_arn = cluster_arn.rsplit_once('/').expect("an id").0.to_owned();
        Ok(Session {
            outgoing,
            incoming,
            cluster_arn,
            arn: self.arn.clone(),
        })
    }

    /// Reports as the agent does.
    pub async fn report(&self, task: &str, status: &str, more: &Value) {
        let (status, body) = self.try_report(task, status, more).await;
        assert_eq!(status, 200, "{body}");
    }

    pub async fn try_report(&self, task: &str, status: &str, more: &Value) -> (u16, Value) {
        let mut report =
            json!({"cluster": self.cluster, "task": task, "status": status, "reason": ""});
        super::merge(&mut report, more);
        call(&self.caller, "SubmitTaskStateChange", &report).await
    }
}

fn assert_same_attributes(sent: &Value, answered: &Value) {
    let answered = answered.as_array().expect("attributes");
    for attribute in sent.as_array().expect("attributes") {
        // AWS: an agent whose attributes do not come back with their values ends.
        let same = |a: &&Value| a["name"] == attribute["name"] && a["value"] == attribute["value"];
        assert!(answered.iter().any(|a| same(&a)), "{attribute} is missing");
    }
}

impl Session {
    /// The next message of this type; heartbeats and others are passed over.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let waiting = async {
            loop {
                let frame = self.incoming.recv().await.expect("the session is open");
                let envelope: Value = serde_json::from_str(&frame).expect("a frame of JSON");
                if envelope["type"] == kind {
                    return envelope["message"].clone();
                }
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("no {kind} came"))
    }

    /// Whether nothing of this type comes for a while.
    pub async fn is_quiet(&mut self, kind: &str) -> bool {
        let waiting = async {
            while let Some(frame) = self.incoming.recv().await {
                let envelope: Value = serde_json::from_str(&frame).expect("a frame of JSON");
                if envelope["type"] == kind {
                    return;
                }
            }
        };
        timeout(Duration::from_millis(800), waiting).await.is_err()
    }

    /// The next payload's message id and its only task.
    pub async fn payload(&mut self) -> (String, Value) {
        let payload = self.expect("PayloadMessage").await;
        let id = payload["messageId"]
            .as_str()
            .expect("a message id")
            .to_owned();
        (id, payload["tasks"][0].clone())
    }

    pub async fn say(&self, kind: &str, message: Value) {
        let frame = json!({"type": kind, "message": message}).to_string();
        self.outgoing
            .send(frame)
            .await
            .expect("the session is open");
    }

    pub async fn acknowledge(&self, message_id: &str) {
        let ack = json!({
            "cluster": self.cluster_arn, "containerInstance": self.arn, "messageId": message_id,
        });
        self.say("AckRequest", ack).await;
        // The acknowledgement has no answer; give it the moment it needs.
        sleep(Duration::from_millis(100)).await;
    }
}
