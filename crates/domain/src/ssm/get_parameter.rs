//! `ssm:GetParameter`

use api::{
    Modeled as _,
    ssm::{
        Error,
        get_parameter::{GetParameter, Input, Output},
    },
};

use super::{answer, errors, locate::find};
use crate::{Cx, Operation};

impl Operation for GetParameter {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = find(cx, Self::ACTION, &[input.name]).await?.pop();
        let found = found.ok_or_else(errors::not_found)?;
        let with_decryption = input.with_decryption.unwrap_or(false);
        let parameter = answer::found(cx, found, with_decryption).await??;
        Ok(Output {
            parameter: Some(parameter),
        })
    }
}
