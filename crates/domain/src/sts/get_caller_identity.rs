//! `sts:GetCallerIdentity`

use api::sts::{
    Error,
    get_caller_identity::{GetCallerIdentity, Input, Output},
};

use crate::{Cx, Operation};

impl Operation for GetCallerIdentity {
    // AWS: needs no permission, and not even an explicit deny stops it.
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    async fn run(cx: &mut Cx, _: Input) -> Result<Output, Error> {
        let principal = &cx.caller.principal;
        Ok(Output {
            user_id: Some(principal.user_id()),
            account: Some(cx.account().to_string()),
            arn: Some(principal.arn()),
        })
    }
}
