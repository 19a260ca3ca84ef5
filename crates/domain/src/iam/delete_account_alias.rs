//! `iam:DeleteAccountAlias`

use api::{
    Modeled as _,
    iam::{
        Error,
        delete_account_alias::{DeleteAccountAlias, Input, Output},
    },
};

use crate::{Access, Cx, Operation};

impl Operation for DeleteAccountAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let account = cx.account().clone();
        let alias = &input.account_alias;
        if !cx.db.delete_account_alias(&account, alias).await? {
            let text = format!("The account alias with name {alias} cannot be found.");
            return Err(Error::NoSuchEntity(text));
        }
        Ok(Output {})
    }
}
