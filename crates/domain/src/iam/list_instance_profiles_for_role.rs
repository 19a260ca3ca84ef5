//! `iam:ListInstanceProfilesForRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_instance_profiles_for_role::{Input, ListInstanceProfilesForRole, Output},
    },
};

use super::{locate, page::Page, profiles};
use crate::{Cx, Operation};

impl Operation for ListInstanceProfilesForRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let role = locate::role(cx, Self::ACTION, &input.role_name).await?;
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        let holding = cx.db.instance_profiles_of(&role).await?;
        let paged = page.cut_all(holding, |profile| profile.entity.name.to_lowercase());
        Ok(Output {
            instance_profiles: Some(profiles::show_all(cx, &paged.items).await?),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
