//! `ssm:DeleteParameter`

use api::{
    Modeled as _,
    ssm::{
        Error,
        delete_parameter::{DeleteParameter, Input, Output},
    },
};
use store::parameters::ParameterKey;

use super::{errors, locate::locate, names::Name};
use crate::{Cx, Operation};

impl Operation for DeleteParameter {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = Name::parse(&input.name)?;
        let located = locate(cx, &name).await?;
        located
            .authorize(cx, Self::ACTION)?
            .ok_or_else(errors::not_found)?;

        let account = cx.account().clone();
        let key = ParameterKey {
            account: &account,
            region: &cx.region,
            path: &name.path,
        };
        cx.db.delete_parameter(key).await?;
        Ok(Output {})
    }
}
