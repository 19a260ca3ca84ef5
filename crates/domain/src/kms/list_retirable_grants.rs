//! `kms:ListRetirableGrants`

use api::kms::{
    Error,
    list_retirable_grants::{Input, ListRetirableGrants, Output},
};

use super::{authorize, grants, page::Page, principals};
use crate::{Cx, Operation};

/// How many grants a page has where the caller does not say.
const DEFAULT_LIMIT: i32 = 50;

impl Operation for ListRetirableGrants {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let limit = input.limit.or(Some(DEFAULT_LIMIT));
        let page = Page::new(limit, input.marker, grants::is_grant_id)?;
        authorize::on_no_key(cx, "kms:ListRetirableGrants")?;
        principals::is_of(&input.retiring_principal, cx.account())?;
        let retiring = principals::kept_name(cx, &input.retiring_principal).await?;

        let region = cx.region.clone();
        let found = cx
            .db
            .kms_grants_retired_by(&retiring, &region, &page.after, page.probe());
        let mut found = found.await?;
        let next_marker = page.cut(&mut found, |grant| grant.grant_id.clone());

        Ok(Output {
            grants: Some(grants::entries(cx, found).await?),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}
