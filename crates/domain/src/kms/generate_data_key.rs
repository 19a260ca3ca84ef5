//! `kms:GenerateDataKey`

use api::kms::{
    Error,
    generate_data_key::{GenerateDataKey, Input, Output},
};

use super::data_key::{self, Asked};
use crate::{Cx, Operation};

impl Operation for GenerateDataKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.recipient.is_some() {
            return Err(super::no_recipients());
        }
        let asked = Asked {
            key_id: input.key_id,
            encryption_context: input.encryption_context,
            key_spec: input.key_spec,
            number_of_bytes: input.number_of_bytes,
            grant_tokens: input.grant_tokens,
            dry_run: input.dry_run,
        };
        let made = data_key::make(cx, "kms:GenerateDataKey", asked).await?;
        Ok(Output {
            ciphertext_blob: Some(made.blob.into()),
            plaintext: Some(made.plaintext),
            key_id: Some(made.key.arn()),
            key_material_id: Some(made.key.row.current_material),
            ..Output::default()
        })
    }
}
