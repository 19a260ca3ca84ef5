//! `secretsmanager:UpdateSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        update_secret::{Input, Output, UpdateSecret},
    },
};

use super::{errors, locate::locate, replicas, sealing, value::Value, versions};
use crate::{Cx, Operation};

impl Operation for UpdateSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let key = located.key_arn(cx, input.kms_key_id.as_deref()).await?;
        let mut secret = located.authorize(cx, Self::ACTION, |access| {
            access
                .with_some("secretsmanager:Description", input.description.as_deref())
                .with_some("secretsmanager:KmsKeyId", input.kms_key_id.as_deref())
                .with_some("secretsmanager:KmsKeyArn", key)
        })?;
        errors::refuse_unsupported("Type", input.type_.is_some())?;
        let token = errors::required_token(input.client_request_token)?;
        errors::refuse_unwritable(&secret)?;
        let value = Value::of_request(input.secret_string, input.secret_binary)?;

        if let Some(description) = input.description {
            secret.description = Some(description).filter(|text| !text.is_empty());
        }
        if let Some(key) = input.kms_key_id {
            // An empty text goes back to the default key.
            let key = Some(key).filter(|id| !sealing::is_default_key(cx, id));
            if key != secret.kms_key_id {
                secret.kms_key_id = key;
                sealing::change_key(cx, &secret).await?;
            }
        }
        if let Some(value) = &value {
            versions::write(cx, &secret, &token, value, None).await?;
        }
        replicas::save_changed(cx, &mut secret).await?;
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: value.map(|_| token),
        })
    }
}
