//! The operator's own AWS account as the place of tasks' values. The execution role of each task is assumed there, by
//! the identity that AWS's own configuration gives; where that fails, the task does not start, unless the operator lets
//! that identity read in the role's stead.

use std::fmt;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::{
    config::{BehaviorVersion, Region},
    error::{ProvideErrorMetadata, SdkError},
    types::Credentials as StsCredentials,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use ecs::acs::Credentials;
use tokio::sync::broadcast;
use types::SecretValue;

use super::{
    AwsClients, ResolveError, ServiceEndpoints,
    clients::{retries, timeouts, url},
    sdk_error::Call,
};

/// How many tasks a watcher may lag behind before it misses some.
const READINGS: usize = 64;

const MODELLED_ERRORS: &[&str] = &[
    "ExpiredTokenException",
    "MalformedPolicyDocument",
    "PackedPolicyTooLarge",
    "RegionDisabledException",
];

/// Who reads the values of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub task_arn: String,
    /// ARN of the role's session, or of the operator's own identity.
    pub reader: String,
}

/// An AWS account, as the operator's own configuration leads there.
pub struct AwsAccount {
    sdk: SdkConfig,
    clients: AwsClients,
    sts: Option<String>,
    /// Whether the operator's own identity reads where a role cannot be assumed.
    as_me: bool,
    readings: broadcast::Sender<Reading>,
}

/// AWS does not say who we are there.
#[derive(Debug, thiserror::Error)]
pub enum NoIdentity {
    #[error("AWS's own configuration gives no credentials: {0}")]
    Credentials(String),
    #[error("AWS does not take the credentials of its own configuration: {0}")]
    Refused(String),
}

impl AwsAccount {
    /// The account that this configuration leads to. Its endpoints count as in every SDK: one of a service before the
    /// one of all.
    pub fn new(sdk: SdkConfig, as_me: bool) -> Self {
        let endpoints = ServiceEndpoints {
            secrets_manager: endpoint(&sdk, "Secrets_Manager"),
            ssm: endpoint(&sdk, "SSM"),
            ecr: endpoint(&sdk, "ECR"),
            s3: endpoint(&sdk, "S3"),
            logs: None,
        };
        Self {
            clients: AwsClients::with(&sdk, endpoints),
            sts: endpoint(&sdk, "STS"),
            sdk,
            as_me,
            readings: broadcast::Sender::new(READINGS),
        }
    }

    /// Whether the operator's own identity may read in the stead of a role.
    pub fn as_me(&self) -> bool {
        self.as_me
    }

    /// Where secrets are read, if that is not AWS itself.
    pub fn endpoint(&self) -> Option<&str> {
        self.clients.secrets_manager_endpoint()
    }

    /// Who reads from now on, task by task.
    pub fn watch(&self) -> broadcast::Receiver<Reading> {
        self.readings.subscribe()
    }

    /// The ARN of the operator's own identity.
    pub async fn identity(&self) -> Result<String, NoIdentity> {
        // Asked for first, so that a profile without credentials is not told as a failure of AWS's.
        self.own_credentials().await?;
        let region = self.sdk.region().map(Region::to_string);
        let answer = self.sts(region.as_deref()).get_caller_identity();
        let answer = answer.send().await.map_err(|error| {
            NoIdentity::Refused(self.call("GetCallerIdentity").describe(&error))
        })?;
        Ok(answer.arn.unwrap_or_default())
    }

    pub(crate) fn clients(&self) -> AwsClients {
        self.clients.clone()
    }

    /// Credentials for the values of a task: of its execution role, in a session that is named after the task.
    pub(crate) async fn assume(
        &self,
        role_arn: &str,
        task_arn: &str,
    ) -> Result<Credentials, ResolveError> {
        let region = task_arn.split(':').nth(3);
        let task = task_arn.rsplit('/').next().unwrap_or(task_arn);
        let request = self.sts(region).assume_role();
        let answer = request
            .role_arn(role_arn)
            .role_session_name(task)
            .send()
            .await;
        let why = match answer {
            Ok(answer) => {
                let reader = answer.assumed_role_user.map(|user| user.arn);
                if let Some(session) = answer.credentials {
                    self.tell(task_arn, reader.unwrap_or_default());
                    return Ok(of_session(role_arn, session));
                }
                "the answer of AssumeRole has no credentials".to_owned()
            }
            Err(error) => self.why_not(&error),
        };
        if !self.as_me {
            return Err(ResolveError(format!(
                "unable to assume the execution role {role_arn} in AWS: {why}. Let the role's trust policy name your own identity there, or say --as-me to read with that identity instead"
            )));
        }
        self.read_as_me(role_arn, task_arn, &why).await
    }

    async fn read_as_me(
        &self,
        role_arn: &str,
        task_arn: &str,
        why: &str,
    ) -> Result<Credentials, ResolveError> {
        let failed = |error: NoIdentity| {
            ResolveError(format!(
                "unable to assume the execution role {role_arn} in AWS: {why}; nor to read without it: {error}"
            ))
        };
        let reader = self.identity().await.map_err(failed)?;
        tracing::warn!(
            task.arn = task_arn,
            role.arn = role_arn,
            reader,
            why,
            "--as-me: the execution role could not be assumed in AWS, so secrets are read as the operator's own identity"
        );
        self.tell(task_arn, reader);
        let own = self.own_credentials().await.map_err(failed)?;
        let token = own.session_token().unwrap_or_default();
        Ok(Credentials {
            role_arn: role_arn.to_owned(),
            access_key_id: own.access_key_id().to_owned(),
            secret_access_key: SecretValue::from(own.secret_access_key()),
            session_token: SecretValue::from(token),
            ..Credentials::default()
        })
    }

    fn tell(&self, task_arn: &str, reader: String) {
        tracing::info!(task.arn = task_arn, reader, "secrets are read from AWS");
        // Nobody may be watching.
        let _ = self.readings.send(Reading {
            task_arn: task_arn.to_owned(),
            reader,
        });
    }

    async fn own_credentials(&self) -> Result<aws_credential_types::Credentials, NoIdentity> {
        let provider = self.sdk.credentials_provider();
        let provider = provider.ok_or_else(|| NoIdentity::Credentials("none".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        credentials.map_err(|error| NoIdentity::Credentials(with_causes(&error)))
    }

    /// A client of STS; every other service is asked as what it gives.
    fn sts(&self, region: Option<&str>) -> aws_sdk_sts::Client {
        let mut config = aws_sdk_sts::config::Builder::from(&self.sdk)
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.clients.http())
            .timeout_config(timeouts())
            .retry_config(retries());
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        config.set_endpoint_url(self.sts.clone());
        aws_sdk_sts::Client::from_conf(config.build())
    }

    fn call(&self, operation: &'static str) -> Call {
        let region = self.sdk.region().map_or("", AsRef::as_ref);
        Call {
            service: "STS",
            operation,
            modelled: MODELLED_ERRORS,
            url: url(self.sts.as_deref(), "sts", region),
            wording: self.clients.wording(),
        }
    }

    /// Why a role was not assumed. A request that never left has no credentials to be signed with.
    fn why_not<E>(&self, error: &SdkError<E, HttpResponse>) -> String
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let unsent = matches!(error, SdkError::ConstructionFailure(_))
            || matches!(error, SdkError::DispatchFailure(failure) if failure.is_other());
        if unsent {
            return NoIdentity::Credentials(with_causes(error)).to_string();
        }
        self.call("AssumeRole").describe(error)
    }
}

/// The error and what caused it, each once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let next = current.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = current.source();
    }
    text
}

impl fmt::Debug for AwsAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAccount").finish_non_exhaustive()
    }
}

fn of_session(role_arn: &str, session: StsCredentials) -> Credentials {
    Credentials {
        role_arn: role_arn.to_owned(),
        access_key_id: session.access_key_id,
        secret_access_key: SecretValue::from(session.secret_access_key),
        session_token: SecretValue::from(session.session_token),
        expiration: session.expiration.to_string(),
        ..Credentials::default()
    }
}

/// The address of a service, where the configuration names one. The service's id is written with an underscore, as in
/// `[services …]`: with a space, this SDK looks for a hyphen there.
fn endpoint(sdk: &SdkConfig, service: &str) -> Option<String> {
    let named_by_flag = sdk.get_origin("endpoint_url").is_client_config();
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = sdk.service_config().filter(|_| !named_by_flag);
    own.and_then(|config| config.load_config(key))
        .or_else(|| sdk.endpoint_url().map(str::to_owned))
}
