//! SDK clients for one task: its execution role's credentials over one shared HTTP client.

use std::time::Duration;

use aws_credential_types::{Credentials as SdkCredentials, provider::SharedCredentialsProvider};
use aws_sdk_secretsmanager::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_http_client::tls::{Provider as Tls, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use ecs::acs::Credentials;

use crate::Wording;

/// As the reference agent waits: five seconds for each of three attempts.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const ATTEMPTS: u32 = 3;

/// Where the services that hold secrets are. `None` is AWS itself.
#[derive(Debug, Clone, Default)]
pub struct ServiceEndpoints {
    pub secrets_manager: Option<String>,
    pub ssm: Option<String>,
    /// Where the `awslogs` driver writes.
    pub logs: Option<String>,
    /// Where environment files are.
    pub s3: Option<String>,
    /// Where tokens for ECR's registries are asked for.
    pub ecr: Option<String>,
}

/// Makes clients. One HTTP client with its connections and root certificates serves them all, so that a client costs
/// little: there is one for each region of each task.
#[derive(Clone)]
pub struct AwsClients {
    http: SharedHttpClient,
    endpoints: ServiceEndpoints,
    /// What else is configured, such as FIPS endpoints.
    base: SdkConfig,
    wording: Wording,
}

impl AwsClients {
    pub fn new(endpoints: ServiceEndpoints) -> Self {
        Self::with(&SdkConfig::builder().build(), endpoints)
    }

    /// Clients of the same configuration as others, with credentials, endpoints and patience of their own.
    pub(super) fn with(sdk: &SdkConfig, endpoints: ServiceEndpoints) -> Self {
        Self {
            http: shared_http_client(),
            endpoints,
            base: SdkConfig::builder()
                .use_fips(sdk.use_fips().unwrap_or_default())
                .use_dual_stack(sdk.use_dual_stack().unwrap_or_default())
                .build(),
            wording: Wording::default(),
        }
    }

    /// The same, whose failures are told in these words.
    #[must_use]
    pub fn worded(self, wording: Wording) -> Self {
        Self { wording, ..self }
    }

    pub(super) fn wording(&self) -> Wording {
        self.wording
    }

    pub(super) fn http(&self) -> SharedHttpClient {
        self.http.clone()
    }

    pub(super) fn secrets_manager_endpoint(&self) -> Option<&str> {
        self.endpoints.secrets_manager.as_deref()
    }

    pub(super) fn secrets_manager(
        &self,
        region: &str,
        role: &Credentials,
    ) -> aws_sdk_secretsmanager::Client {
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&self.base)
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(aws_sdk_secretsmanager::config::Region::new(
                region.to_owned(),
            ))
            .credentials_provider(sdk_credentials(role))
            .http_client(self.http.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
            .retry_partition(own_patience());
        config.set_endpoint_url(self.endpoints.secrets_manager.clone());
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }

    pub(super) fn ssm(&self, region: &str, role: &Credentials) -> aws_sdk_ssm::Client {
        let mut config = aws_sdk_ssm::config::Builder::from(&self.base)
            .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
            .region(aws_sdk_ssm::config::Region::new(region.to_owned()))
            .credentials_provider(sdk_credentials(role))
            .http_client(self.http.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
            .retry_partition(own_patience());
        config.set_endpoint_url(self.endpoints.ssm.clone());
        aws_sdk_ssm::Client::from_conf(config.build())
    }

    pub(super) fn ecr(
        &self,
        region: &str,
        credentials: SharedCredentialsProvider,
    ) -> aws_sdk_ecr::Client {
        let mut config = aws_sdk_ecr::config::Builder::from(&self.base)
            .behavior_version(aws_sdk_ecr::config::BehaviorVersion::latest())
            .region(aws_sdk_ecr::config::Region::new(region.to_owned()))
            .credentials_provider(credentials)
            .http_client(self.http.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
            .retry_partition(own_patience());
        config.set_endpoint_url(self.endpoints.ecr.clone());
        aws_sdk_ecr::Client::from_conf(config.build())
    }

    pub(super) fn s3_endpoint(&self) -> Option<&str> {
        self.endpoints.s3.as_deref()
    }

    /// The address that an error text names.
    pub(super) fn secrets_manager_url(&self, region: &str) -> String {
        url(
            self.endpoints.secrets_manager.as_deref(),
            "secretsmanager",
            region,
        )
    }

    pub(super) fn ecr_url(&self, region: &str) -> String {
        url(self.endpoints.ecr.as_deref(), "api.ecr", region)
    }

    pub(super) fn ssm_url(&self, region: &str) -> String {
        url(self.endpoints.ssm.as_deref(), "ssm", region)
    }
}

/// An HTTP client with its own connection pool, for any number of SDK clients.
pub(crate) fn shared_http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Tls::Rustls(CryptoMode::AwsLc))
        .build_https()
}

pub(super) fn url(endpoint: Option<&str>, service: &str, region: &str) -> String {
    match endpoint {
        Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
        None => format!("https://{service}.{region}.amazonaws.com/"),
    }
}

pub(crate) fn sdk_credentials(role: &Credentials) -> SdkCredentials {
    let text =
        |secret: &types::SecretValue| secret.expose_secret_str().unwrap_or_default().to_owned();
    let token = (!role.session_token.is_empty()).then(|| text(&role.session_token));
    SdkCredentials::new(
        role.access_key_id.clone(),
        text(&role.secret_access_key),
        token,
        None,
        "task execution role",
    )
}

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// AWS: the agent makes a client for each secret, and what one has used up of its retries is no other's loss.
fn own_patience() -> RetryPartition {
    RetryPartition::custom("one secret")
        .token_bucket(TokenBucket::default())
        .build()
}

pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}
