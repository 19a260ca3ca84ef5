//! `iam:ListInstanceProfileTags`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_instance_profile_tags::{Input, ListInstanceProfileTags, Output},
    },
};
use store::iam::EntityKind;

use super::{locate, tags};
use crate::{Cx, Operation};

impl Operation for ListInstanceProfileTags {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::InstanceProfile;
        let tagged = locate::entity(cx, Self::ACTION, kind, &input.instance_profile_name).await?;
        let paged = tags::page(&tagged.tags, input.marker.as_deref(), input.max_items)?;
        Ok(Output {
            tags: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
