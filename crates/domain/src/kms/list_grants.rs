//! `kms:ListGrants`

use api::kms::{
    Error,
    list_grants::{Input, ListGrants, Output},
};

use super::{authorize::Use, grants, locate, page::Page, principals};
use crate::{Cx, Operation};

/// How many grants a page has where the caller does not say.
const DEFAULT_LIMIT: i32 = 50;

impl Operation for ListGrants {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let limit = input.limit.or(Some(DEFAULT_LIMIT));
        let page = Page::new(limit, input.marker, grants::is_grant_id)?;
        let located = locate::locate_by_id(cx, &input.key_id).await?;
        let intent = Use::of("kms:ListGrants").with("kms:GrantIsForAWSResource", "false");
        let key = located.authorize(cx, intent).await?;
        let grantee = match &input.grantee_principal {
            Some(named) => Some(principals::kept_name(cx, named).await?),
            None => None,
        };

        let (id, grantee) = (input.grant_id.as_deref(), grantee.as_deref());
        let address = &key.row.address;
        let found = cx
            .db
            .kms_grants(address, id, grantee, &page.after, page.probe());
        let mut found = found.await?;
        let next_marker = page.cut(&mut found, |grant| grant.grant_id.clone());

        Ok(Output {
            grants: Some(grants::entries(cx, found).await?),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}
