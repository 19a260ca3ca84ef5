//! Secrets of Secrets Manager, read through Parameter Store as `/aws/reference/secretsmanager/<SecretId>`.

use api::{
    CommonError,
    secretsmanager::{
        self,
        describe_secret::{self, DescribeSecret},
        get_secret_value::{self, GetSecretValue},
    },
    ssm::{self, Error, ParameterType},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use types::SecretValue;

use super::{
    errors,
    locate::{Missing, Reference},
};
use crate::{Cx, Operation as _};

/// The shortest id of a version; a selector as long as that names one, unless a label is called so.
const SHORTEST_VERSION_ID: usize = 32;

/// Reads the secret as the caller, with the permissions that Secrets Manager asks for.
pub(super) async fn read(
    cx: &mut Cx,
    reference: Reference,
    with_decryption: bool,
) -> Result<Result<ssm::Parameter, Missing>, Error> {
    if !with_decryption {
        return Err(errors::validation(
            "WithDecryption flag must be True for retrieving a Secret Manager secret.",
        ));
    }
    let Reference {
        name,
        secret_id,
        selector,
    } = reference;
    let input = describe_secret::Input {
        secret_id: secret_id.clone(),
    };
    let described = match DescribeSecret::run(cx, input).await {
        Ok(described) => described,
        // AWS: reading takes no more than GetSecretValue, so that the policy in ECS's guide does for a task. Who may not
        // describe the secret is told less about it.
        // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
        Err(secretsmanager::Error::Common(CommonError::AccessDenied(_))) => {
            describe_secret::Output::default()
        }
        Err(error) => return missing_or(error, name).map(Err),
    };
    let (version_id, version_stage) = select(&described, selector.clone());
    let input = get_secret_value::Input {
        secret_id,
        version_id,
        version_stage,
    };
    let secret = match GetSecretValue::run(cx, input).await {
        Ok(secret) => secret,
        Err(error) => return missing_or(error, name).map(Err),
    };

    let source = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": secret.version_id,
        "VersionStages": secret.version_stages,
        "CreatedDate": secret.created_date.map(types::Timestamp::to_iso8601),
        "VersionIdsToStages": described.version_ids_to_stages,
    });
    // AWS: says nothing of binary secrets; their bytes are no text, so they are given as the SDKs would print them.
    let binary = secret.secret_binary;
    let binary = binary.map(|bytes| SecretValue::from(STANDARD.encode(bytes.expose_secret())));
    Ok(Ok(ssm::Parameter {
        name: Some(name),
        type_: Some(ParameterType::SecureString),
        value: secret.secret_string.or(binary),
        version: Some(0),
        selector: selector.map(|selector| format!(":{selector}")),
        source_result: Some(source.to_string()),
        last_modified_date: secret.created_date,
        arn: secret.arn,
        data_type: Some("text".to_owned()),
    }))
}

/// The id or the label that a selector means.
fn select(
    secret: &describe_secret::Output,
    selector: Option<String>,
) -> (Option<String>, Option<String>) {
    let Some(selector) = selector else {
        return (None, None);
    };
    let mut labels = secret
        .version_ids_to_stages
        .iter()
        .flat_map(|map| map.values())
        .flatten();
    let is_label = labels.any(|label| *label == selector);
    if !is_label && selector.len() >= SHORTEST_VERSION_ID {
        (Some(selector), None)
    } else {
        (None, Some(selector))
    }
}

/// A secret that is not there is a parameter that is not there; any other refusal is handed on.
fn missing_or(error: secretsmanager::Error, name: String) -> Result<Missing, Error> {
    match error {
        secretsmanager::Error::ResourceNotFound(_) => Ok(Missing::Reference { name }),
        secretsmanager::Error::Common(error) => Err(error.into()),
        error => Err(errors::validation(error.to_string())),
    }
}
