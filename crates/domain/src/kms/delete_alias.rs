//! `kms:DeleteAlias`

use api::kms::{
    Error,
    delete_alias::{DeleteAlias, Input, Output},
};

use super::alias;
use crate::{Cx, Operation};

impl Operation for DeleteAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.alias_name;
        alias::check_name(&name)?;
        let alias_arn = cx.arn("kms", name.as_str()).to_string();
        let key = alias::pointed_to(cx, &name, &alias_arn, "kms:DeleteAlias").await?;

        cx.db
            .delete_kms_alias(&key.account, &key.region, &name)
            .await?;
        Ok(Output {})
    }
}
