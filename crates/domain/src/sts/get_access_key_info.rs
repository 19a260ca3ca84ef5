//! `sts:GetAccessKeyInfo`

use api::{
    CommonError, Modeled as _,
    sts::{
        Error,
        get_access_key_info::{GetAccessKeyInfo, Input, Output},
    },
};

use crate::{Access, Cx, Operation, identity};

impl Operation for GetAccessKeyInfo {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let id = &input.access_key_id;
        // A key that an operator chose does not show its account.
        let row = cx.db.access_key(id).await?;
        let known = row.map(|(key, _)| key.account);
        // AWS: also of keys that were deleted, and of any account.
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
        let account = known.or_else(|| identity::ids::account_of_key(id));
        let Some(account) = account else {
            let text = format!("{id} is not a valid access key id");
            return Err(CommonError::Validation(text).into());
        };
        Ok(Output {
            account: Some(account.to_string()),
        })
    }
}
