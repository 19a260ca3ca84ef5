//! `iam:CreateAccountAlias`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_account_alias::{CreateAccountAlias, Input, Output},
    },
};

use crate::{Access, Cx, Operation};

impl Operation for CreateAccountAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let account = cx.account().clone();
        if !cx
            .db
            .set_account_alias(&account, &input.account_alias)
            .await?
        {
            let text = format!("The account alias {} already exists.", input.account_alias);
            return Err(Error::EntityAlreadyExists(text));
        }
        Ok(Output {})
    }
}
