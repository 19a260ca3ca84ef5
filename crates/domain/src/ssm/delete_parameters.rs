//! `ssm:DeleteParameters`

use api::{
    Modeled as _,
    ssm::{
        Error,
        delete_parameters::{DeleteParameters, Input, Output},
    },
};
use store::parameters::ParameterKey;

use super::{locate::locate, names::Name};
use crate::{Cx, Operation};

impl Operation for DeleteParameters {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let account = cx.account().clone();
        let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
        for given in input.names {
            let name = Name::parse(&given)?;
            // A name that the caller may not delete fails the call, and what was deleted before it comes back.
            locate(cx, &name).await?.authorize(cx, Self::ACTION)?;
            let key = ParameterKey {
                account: &account,
                region: &cx.region,
                path: &name.path,
            };
            if cx.db.delete_parameter(key).await? {
                deleted.push(given);
            } else if !deleted.contains(&given) {
                invalid.push(given);
            }
        }
        Ok(Output {
            deleted_parameters: Some(deleted),
            invalid_parameters: Some(invalid),
        })
    }
}
