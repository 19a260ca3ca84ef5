//! The client of the ECS API, signed as the container instance.

use aws_sdk_ecs::{
    Client,
    config::{BehaviorVersion, Region},
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};
use aws_smithy_types::retry::RetryConfig;

use crate::{AgentConfig, resolve::shared_http_client};

/// The SDK's own attempts; the agent's rounds of retries are around them.
const ATTEMPTS: u32 = 3;

pub(crate) fn client(config: &AgentConfig) -> Client {
    let sdk = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.to_string()))
        .endpoint_url(&config.endpoint_url)
        .credentials_provider(config.credentials.clone())
        .http_client(shared_http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .build();
    Client::from_conf(sdk)
}

/// The service's error code and its message, or what went wrong on the way.
pub(crate) fn code_and_text<E, R>(error: &SdkError<E, R>) -> (Option<String>, String)
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code);
    let message = service.and_then(ProvideErrorMetadata::message);
    let text = match (code, message) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or_default()),
        (None, _) => DisplayErrorContext(error).to_string(),
    };
    (code.map(str::to_owned), text)
}
