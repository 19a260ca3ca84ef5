//! `iam:CreateInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error, InstanceProfile,
        create_instance_profile::{CreateInstanceProfile, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{
    answer,
    creation::{self, Wanted},
    kinds,
};
use crate::{Cx, Operation};

impl Operation for CreateInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let profile = creation::prepare(
            cx,
            Self::ACTION,
            Wanted {
                kind: EntityKind::InstanceProfile,
                name: input.instance_profile_name,
                path: input.path,
                tags: input.tags,
                boundary: None,
            },
        )
        .await?;
        if !cx.db.insert_instance_profile(&profile).await? {
            return Err(kinds::taken(EntityKind::InstanceProfile, &profile.name));
        }
        Ok(Output {
            instance_profile: Some(InstanceProfile {
                tags: answer::tags(&profile.tags),
                ..answer::instance_profile(&profile, None, cx.partition())
            }),
        })
    }
}
