//! Secrets Manager: one `GetSecretValue` for each distinct reference, all at once.

use async_trait::async_trait;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use ecs::{
    acs::Credentials,
    fargate::{self, Retrieval},
};
use futures::future::join_all;
use types::SecretValue;

use super::{
    AwsClients, Json, Reference, ResolveError, SecretSource, Values, Version,
    reference::SecretReference, sdk_error::Call,
};
use crate::Wording;

/// What the SDK of Fargate's platform does not even send.
const SHORTEST_VERSION_ID: usize = 32;

pub(super) const MODELLED_ERRORS: &[&str] = &[
    "DecryptionFailure",
    "InternalServiceError",
    "InvalidParameterException",
    "InvalidRequestException",
    "ResourceNotFoundException",
];

/// Values of Secrets Manager, whole or by the key of a JSON object.
pub struct SecretsManager {
    clients: AwsClients,
}

impl SecretsManager {
    pub fn new(clients: AwsClients) -> Self {
        Self { clients }
    }

    async fn read(
        &self,
        wanted: &Reference,
        role: &Credentials,
    ) -> Result<(SecretValue, Option<Version>), ResolveError> {
        let Reference { value_from, region } = wanted;
        let reference = SecretReference::parse(value_from).map_err(|error| {
            ResolveError(match self.clients.wording() {
                Wording::Fargate => fargate::wrong_fields(),
                Wording::Current | Wording::V1_83 => format!(
                    "trying to retrieve secret with value {value_from} resulted in error: {error}"
                ),
            })
        })?;
        let secret_id = &reference.secret_id;
        let is_short = |id: &String| id.len() < SHORTEST_VERSION_ID;
        if self.clients.wording() == Wording::Fargate
            && reference.version_id.as_ref().is_some_and(is_short)
        {
            let why = fargate::secret_refused(secret_id, &fargate::short_version_id());
            return Err(self.in_words(region, ResolveError(why)));
        }
        let answer = self
            .clients
            .secrets_manager(region, role)
            .get_secret_value()
            .secret_id(secret_id)
            .set_version_stage(reference.version_stage.clone())
            .set_version_id(reference.version_id.clone())
            .send()
            .await
            .map_err(|error| self.failure(&reference, region, &error));
        let value = answer.and_then(|answer| {
            let version = answer.arn.clone().zip(answer.version_id.clone());
            let version = version.map(|(arn, version)| Version { arn, version });
            Ok((select(answer, &reference)?, version))
        });
        value.map_err(|error| self.in_words(region, error))
    }

    fn failure(
        &self,
        SecretReference { secret_id, .. }: &SecretReference,
        region: &str,
        error: &SdkError<GetSecretValueError, HttpResponse>,
    ) -> ResolveError {
        let missing = error
            .as_service_error()
            .is_some_and(GetSecretValueError::is_resource_not_found_exception);
        let text = self.call(region).describe(error);
        ResolveError(match self.clients.wording() {
            Wording::V1_83 => format!("secret {secret_id}: {text}"),
            Wording::Fargate => fargate::secret_refused(secret_id, &text),
            Wording::Current if missing => format!(
                "ResourceNotFoundException: The task can't retrieve the secret with ARN '{secret_id}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: {text}"
            ),
            // AWS: the agent really says it twice.
            Wording::Current => format!("secret {secret_id}: {text}: {text}"),
        })
    }

    /// AWS: older agents say of every failure, also of one inside the value, where it was fetched.
    fn in_words(&self, region: &str, error: ResolveError) -> ResolveError {
        match self.clients.wording() {
            Wording::Current => error,
            Wording::V1_83 => ResolveError(format!(
                "fetching secret data from AWS Secrets Manager in region {region}: {error}"
            )),
            Wording::Fargate => {
                let why = error.to_string();
                ResolveError(fargate::retrieval_failed(Retrieval::Secret, &why))
            }
        }
    }

    fn call(&self, region: &str) -> Call {
        get_secret_value(&self.clients, region)
    }
}

/// `GetSecretValue` in this region, as an error text names it.
pub(super) fn get_secret_value(clients: &AwsClients, region: &str) -> Call {
    Call {
        service: "Secrets Manager",
        operation: "GetSecretValue",
        modelled: MODELLED_ERRORS,
        url: clients.secrets_manager_url(region),
        wording: clients.wording(),
    }
}

#[async_trait]
impl SecretSource for SecretsManager {
    async fn fetch(
        &self,
        wanted: &[Reference],
        role: &Credentials,
    ) -> Result<Values, ResolveError> {
        let mut distinct: Vec<&Reference> = Vec::new();
        for reference in wanted {
            if !distinct.contains(&reference) {
                distinct.push(reference);
            }
        }
        let answers = join_all(distinct.iter().map(|wanted| self.read(wanted, role))).await;

        let mut values = Vec::with_capacity(distinct.len());
        let (mut versions, mut errors) = (Vec::new(), Vec::new());
        for (reference, answer) in distinct.into_iter().zip(answers) {
            match answer {
                Ok((value, version)) => {
                    values.push((reference.clone(), value));
                    versions.extend(version.map(|version| (reference.clone(), version)));
                }
                Err(error) => errors.push(error.0),
            }
        }
        if errors.is_empty() {
            let mut values: Values = values.into_iter().collect();
            for (reference, version) in versions {
                values.note_version(reference, version);
            }
            values.checked()
        } else {
            // AWS: the platform tells of the first failure only, agents of all.
            if self.clients.wording() == Wording::Fargate {
                errors.truncate(1);
            }
            Err(ResolveError(errors.join(";")))
        }
    }
}

/// The whole text, or what stands under the JSON key.
fn select(
    answer: GetSecretValueOutput,
    reference: &SecretReference,
) -> Result<SecretValue, ResolveError> {
    let Some(text) = answer.secret_string.map(SecretValue::from) else {
        // Where the reference agent sets an empty variable, or with a JSON key crashes, the task is refused.
        return Err(ResolveError(format!(
            "secret {}: the value is binary, and only text can be injected",
            reference.secret_id
        )));
    };
    match &reference.json_key {
        None => Ok(text),
        Some(key) => under_json_key(&text, key),
    }
}

fn under_json_key(text: &SecretValue, key: &str) -> Result<SecretValue, ResolveError> {
    let text = text.expose_secret_str().unwrap_or_default();
    let mut members = Json::parse_object(text).map_err(|error| ResolveError(error.to_string()))?;
    match members.remove(key) {
        Some(value) => {
            // Printing makes nothing longer than twice its JSON, so the text never moves in memory.
            let mut printed = String::with_capacity(2 * text.len() + 16);
            value.write_go(&mut printed);
            Ok(SecretValue::from(printed))
        }
        None => Err(ResolveError(format!(
            "retrieved secret from Secrets Manager did not contain json key {key}"
        ))),
    }
}
