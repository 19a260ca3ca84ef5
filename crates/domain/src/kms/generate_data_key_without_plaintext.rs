//! `kms:GenerateDataKeyWithoutPlaintext`

use api::kms::{
    Error,
    generate_data_key_without_plaintext::{GenerateDataKeyWithoutPlaintext, Input, Output},
};

use super::data_key::{self, Asked};
use crate::{Cx, Operation};

impl Operation for GenerateDataKeyWithoutPlaintext {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let asked = Asked {
            key_id: input.key_id,
            encryption_context: input.encryption_context,
            key_spec: input.key_spec,
            number_of_bytes: input.number_of_bytes,
            grant_tokens: input.grant_tokens,
            dry_run: input.dry_run,
        };
        let made = data_key::make(cx, "kms:GenerateDataKeyWithoutPlaintext", asked).await?;
        Ok(Output {
            ciphertext_blob: Some(made.blob.into()),
            key_id: Some(made.key.arn()),
            key_material_id: Some(made.key.row.current_material),
        })
    }
}
