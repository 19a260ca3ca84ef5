//! `kms:RetireGrant`

use api::{
    CommonError,
    kms::{
        Error,
        retire_grant::{Input, Output, RetireGrant},
    },
};

use super::{
    authorize::{self, Use},
    dry_run, grant_token, grants,
    locate::{self, Located},
};
use crate::{Cx, Operation};

impl Operation for RetireGrant {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (key_id, grant_id) = match (input.grant_token, input.key_id, input.grant_id) {
            (Some(token), None, None) => {
                let named = grant_token::parse(&token)?;
                (named.key_arn, named.grant_id)
            }
            (None, Some(key_id), Some(grant_id)) => (key_id, grant_id),
            _ => return Err(neither_or_both()),
        };
        let intent = Use::of("kms:RetireGrant");
        let key = match locate::locate_by_id(cx, &key_id).await? {
            Located::Found(key) => *key,
            missing @ Located::Missing { .. } => missing.authorize(cx, intent.clone()).await?,
        };
        // Who may retire a grant is for the grant to say; beside that, policies decide as about anything.
        let grant = cx.db.kms_grant(&key.row.address, &grant_id).await?;
        let by_grant = match &grant {
            Some(grant) if grants::is_retired_by(cx, grant)? => Some(grant.grant_id.clone()),
            _ => None,
        };
        authorize::on_key_by(cx, &key, intent, by_grant)?;
        let grant = grant.ok_or_else(|| grants::not_found(&grant_id))?;
        dry_run(input.dry_run)?;
        cx.db.delete_kms_grant(&grant.key, &grant.grant_id).await?;
        Ok(Output {})
    }
}

// AWS: the text was not observed.
fn neither_or_both() -> Error {
    let text = "Please specify either a grant token, or a key ARN and a grant ID.";
    CommonError::Validation(text.to_owned()).into()
}
