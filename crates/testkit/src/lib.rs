//! A running server and its clients, for tests.
//!
//! ```text
//! let aws = testkit::start().await;
//! aws.root().secretsmanager().create_secret().name("db").secret_string("…").send().await?;
//! let reader = aws.role("reader", policy).await;
//! ```
//!
//! The server is the real one, on a free port, over a store in a directory of its own; nothing is imitated.

mod raw;

use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use server::{Config, CredentialsFile, DEFAULT_PROFILE, HostAccess, SecretsFrom, Server};
use tempfile::TempDir;

pub use raw::{Answer, RawClient};

/// The account and region of every test that does not say otherwise.
pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";

/// A server of its own for one test. Dropping it removes everything.
pub struct TestAws {
    pub server: Server,
    root: Credentials,
    dir: TempDir,
}

/// Somebody who calls the server.
#[derive(Clone)]
pub struct Caller {
    config: SdkConfig,
    raw: RawClient,
}

/// Starts a server without an agent.
///
/// # Panics
/// When the server does not start: a test cannot go on without it.
pub async fn start() -> TestAws {
    start_in(tempfile::tempdir().expect("a directory for the test")).await
}

/// Starts a server without an agent in a directory that may have a `data/sealift.db` already.
///
/// # Panics
/// When the server does not start.
pub async fn start_in(dir: TempDir) -> TestAws {
    let credentials_file = dir.path().join("config/credentials");
    let server = Server::start(Config {
        listen: ([127, 0, 0, 1], 0).into(),
        allow_plain_http_beyond_loopback: false,
        data_dir: dir.path().join("data"),
        database_url: None,
        root_key_file: dir.path().join("config/root.key"),
        root_key_kms: None,
        credentials_file: credentials_file.clone(),
        root_access_key: None,
        first_account: ACCOUNT.parse().expect("a valid account id"),
        region: REGION.parse().expect("a valid region"),
        local_agent: false,
        local_cluster: None,
        denials_name_policies: false,
        host: HostAccess::default(),
        rotators_file: None,
        log_storage: 1 << 30,
        healthy_after_secs: 40,
        oci_registry: None,
        secrets_from: SecretsFrom::Here,
    })
    .await
    .expect("the server starts");
    let key = CredentialsFile::read(&credentials_file)
        .and_then(|file| file.key(DEFAULT_PROFILE))
        .ok()
        .flatten()
        .expect("the root user's key");
    let secret = key.secret.expose_secret_str().expect("a textual secret");
    TestAws {
        server,
        root: Credentials::new(key.id, secret, None, None, "test"),
        dir,
    }
}

impl TestAws {
    /// The same installation after a restart. What stands in its data directory may be changed meanwhile.
    ///
    /// # Panics
    /// When the server does not start again.
    pub async fn restart(self, while_stopped: impl AsyncFnOnce(&Path)) -> Self {
        let Self { server, dir, .. } = self;
        server.stop().await;
        while_stopped(&dir.path().join("data")).await;
        start_in(dir).await
    }

    /// The account's root user.
    pub fn root(&self) -> Caller {
        self.caller(self.root.clone(), REGION)
    }

    /// Every line of the audit log so far.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn audit_log(&self) -> String {
        let file = self.dir.path().join("data/audit.log");
        std::fs::read_to_string(file).expect("an audit log")
    }

    /// The root user, in another region.
    pub fn root_in(&self, region: &'static str) -> Caller {
        self.caller(self.root.clone(), region)
    }

    /// A session of a new role with this inline policy.
    ///
    /// # Panics
    /// When the role cannot be made or assumed.
    pub async fn role(&self, name: &str, policy: &str) -> Caller {
        let root = self.root();
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"sts:AssumeRole"}}}}"#
        );
        root.iam(
            "CreateRole",
            &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)],
        )
        .await;
        root.iam(
            "PutRolePolicy",
            &[
                ("RoleName", name),
                ("PolicyName", "test"),
                ("PolicyDocument", policy),
            ],
        )
        .await;

        // The root user may not assume roles; a user of its account may.
        let assume = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
        let user = self.user(&format!("{name}-caller"), assume).await;
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let parameters = [("RoleArn", arn.as_str()), ("RoleSessionName", "test")];
        let answer = user
            .raw
            .query("sts", "2011-06-15", "AssumeRole", &parameters)
            .await
            .success();
        let credentials = Credentials::new(
            answer.element("AccessKeyId"),
            answer.element("SecretAccessKey"),
            Some(answer.element("SessionToken")),
            None,
            "test",
        );
        self.caller(credentials, REGION)
    }

    /// A new user with this inline policy.
    ///
    /// # Panics
    /// When the user cannot be made.
    pub async fn user(&self, name: &str, policy: &str) -> Caller {
        let root = self.root();
        root.iam("CreateUser", &[("UserName", name)]).await;
        root.iam(
            "PutUserPolicy",
            &[
                ("UserName", name),
                ("PolicyName", "test"),
                ("PolicyDocument", policy),
            ],
        )
        .await;
        let key = root.iam("CreateAccessKey", &[("UserName", name)]).await;
        let credentials = Credentials::new(
            key.element("AccessKeyId"),
            key.element("SecretAccessKey"),
            None,
            None,
            "test",
        );
        self.caller(credentials, REGION)
    }

    fn caller(&self, credentials: Credentials, region: &'static str) -> Caller {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.server.endpoint())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .build();
        Caller {
            config,
            raw: RawClient::new(self.server.endpoint(), credentials, region),
        }
    }
}

impl Caller {
    pub fn secretsmanager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.config)
    }

    pub fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config)
    }

    /// A call to IAM, which this workspace has no SDK for.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.raw
            .query("iam", "2010-05-08", action, parameters)
            .await
            .success()
    }

    /// Signed requests for what the SDKs in this workspace do not speak, or would not send.
    pub fn raw(&self) -> &RawClient {
        &self.raw
    }
}
