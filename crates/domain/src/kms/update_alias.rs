//! `kms:UpdateAlias`

use api::kms::{
    Error,
    update_alias::{Input, Output, UpdateAlias},
};

use super::alias;
use crate::{Cx, Operation};

impl Operation for UpdateAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.alias_name;
        alias::check_name(&name)?;
        let alias_arn = cx.arn("kms", name.as_str()).to_string();
        // The key that loses the alias may be on its way out; the one that gets it may not.
        let old = alias::pointed_to(cx, &name, &alias_arn, "kms:UpdateAlias").await?;
        let new = alias::target(cx, &input.target_key_id, "kms:UpdateAlias").await?;

        if new.row.address != old {
            alias::has_room(&new)?;
            let now = cx.now();
            cx.db.point_kms_alias(&name, &new.row.address, now).await?;
        }
        Ok(Output {})
    }
}
