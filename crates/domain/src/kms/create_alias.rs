//! `kms:CreateAlias`

use api::kms::{
    Error,
    create_alias::{CreateAlias, Input, Output},
};
use store::kms::AliasRow;

use super::{alias, authorize};
use crate::{Cx, Operation};

impl Operation for CreateAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.alias_name;
        alias::check_name(&name)?;
        let alias_arn = cx.arn("kms", name.as_str()).to_string();
        authorize::on_alias(cx, "kms:CreateAlias", &alias_arn)?;
        let key = alias::target(cx, &input.target_key_id, "kms:CreateAlias").await?;
        alias::has_room(&key)?;

        let alias = AliasRow {
            target: key.row.address,
            name,
            created: cx.now(),
            updated: cx.now(),
        };
        if cx.db.insert_kms_alias(&alias).await? {
            return Ok(Output {});
        }
        let text = format!("An alias with the name {alias_arn} already exists");
        Err(Error::AlreadyExists(text))
    }
}
