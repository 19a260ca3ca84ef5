//! `secretsmanager:PutSecretValue`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        put_secret_value::{Input, Output, PutSecretValue},
    },
};

use super::{
    errors,
    locate::locate,
    replicas,
    value::Value,
    versions::{self, Written},
};
use crate::{Cx, Operation};

impl Operation for PutSecretValue {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| access)?;
        let token = errors::required_token(input.client_request_token)?;
        errors::refuse_unwritable(&secret)?;
        let value =
            Value::of_request(input.secret_string, input.secret_binary)?.ok_or_else(|| {
                Error::InvalidRequest(
                    "You must provide either SecretString or SecretBinary.".to_owned(),
                )
            })?;

        let stages = input.version_stages.as_deref();
        if versions::write(cx, &secret, &token, &value, stages).await? == Written::New {
            replicas::save_changed(cx, &mut secret).await?;
        }

        let labels = versions::labels(&cx.db.secret_versions(&secret.arn).await?);
        let stages = as_asked(labels.on(&token), stages.unwrap_or_default());
        Ok(Output {
            version_stages: Some(stages).filter(|stages| !stages.is_empty()),
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: Some(token),
        })
    }
}

/// AWS: answers with the labels in the order of the request, and with those it added after them.
fn as_asked(mut labels: Vec<String>, asked: &[String]) -> Vec<String> {
    let place = |label: &String| asked.iter().position(|one| one == label);
    labels.sort_by_key(|label| place(label).unwrap_or(usize::MAX));
    labels
}
