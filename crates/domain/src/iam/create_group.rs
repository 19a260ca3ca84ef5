//! `iam:CreateGroup`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_group::{CreateGroup, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{
    answer,
    creation::{self, Wanted},
    kinds,
};
use crate::{Cx, Operation};

impl Operation for CreateGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let group = creation::prepare(
            cx,
            Self::ACTION,
            Wanted {
                kind: EntityKind::Group,
                name: input.group_name,
                path: input.path,
                tags: None,
                boundary: None,
            },
        )
        .await?;
        if !cx.db.insert_group(&group).await? {
            return Err(kinds::taken(EntityKind::Group, &group.name));
        }
        Ok(Output {
            group: Some(answer::group(&group, cx.partition())),
        })
    }
}
