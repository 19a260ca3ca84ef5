//! `iam:ListInstanceProfiles`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_instance_profiles::{Input, ListInstanceProfiles, Output},
    },
};
use store::iam::{EntityKind, NamePage};

use super::{listing, page::Page, profiles};
use crate::{Cx, Operation};

impl Operation for ListInstanceProfiles {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let kind = EntityKind::InstanceProfile;
        let prefix = listing::authorize(cx, Self::ACTION, kind, input.path_prefix)?;
        let account = cx.account().clone();
        let rows = cx.db.list_instance_profiles(NamePage {
            account: &account,
            path_prefix: &prefix,
            after: &page.after,
            limit: page.limit(),
        });
        let paged = page.cut(rows.await?, |profile| &profile.entity.name);
        Ok(Output {
            instance_profiles: Some(profiles::show_all(cx, &paged.items).await?),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
