//! `kms:RevokeGrant`

use api::kms::{
    Error,
    revoke_grant::{Input, Output, RevokeGrant},
};

use super::{authorize::Use, dry_run, grants, locate};
use crate::{Cx, Operation};

impl Operation for RevokeGrant {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate::locate_by_id(cx, &input.key_id).await?;
        let intent = Use::of("kms:RevokeGrant").with("kms:GrantIsForAWSResource", "false");
        let key = located.authorize(cx, intent).await?;
        let grant = grants::find(cx, &key.row.address, &input.grant_id).await?;
        dry_run(input.dry_run)?;
        cx.db.delete_kms_grant(&grant.key, &grant.grant_id).await?;
        Ok(Output {})
    }
}
