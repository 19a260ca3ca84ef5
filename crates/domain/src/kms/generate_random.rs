//! `kms:GenerateRandom`

use api::{
    CommonError,
    kms::{
        Error,
        generate_random::{GenerateRandom, Input, Output},
    },
};

use super::{authorize, data_key};
use crate::{Cx, Operation};

impl Operation for GenerateRandom {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.recipient.is_some() {
            return Err(super::no_recipients());
        }
        if input.custom_key_store_id.is_some() {
            return Err(super::unsupported("a custom key store"));
        }
        let len = input
            .number_of_bytes
            .and_then(|len| usize::try_from(len).ok());
        let len =
            len.ok_or_else(|| CommonError::Validation("NumberOfBytes is required.".to_owned()))?;
        authorize::on_no_key(cx, "kms:GenerateRandom")?;
        Ok(Output {
            plaintext: Some(data_key::random(cx, len)),
            ..Output::default()
        })
    }
}
