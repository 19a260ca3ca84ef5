//! `iam:CreateRole`

use api::{
    Modeled as _,
    iam::{
        Error, Role,
        create_role::{CreateRole, Input, Output},
    },
};
use store::iam::{EntityKind, RoleRow};

use super::{
    answer,
    creation::{self, Wanted},
    kinds, trust,
};
use crate::{Cx, Operation, identity};

impl Operation for CreateRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let entity = creation::prepare(
            cx,
            Self::ACTION,
            Wanted {
                kind: EntityKind::Role,
                name: input.role_name,
                path: input.path,
                tags: input.tags,
                boundary: input.permissions_boundary,
            },
        )
        .await?;
        let trust_policy = trust::accept(cx, &input.assume_role_policy_document).await?;
        let mut role = RoleRow {
            entity,
            trust_policy,
            description: input.description,
            max_session_duration: input.max_session_duration.unwrap_or(3600).into(),
        };
        if !cx.db.insert_role(&role).await? {
            return Err(kinds::taken(EntityKind::Role, &role.name));
        }
        identity::note_change(cx).await?;
        trust::show(cx, &mut role).await?;
        // AWS: the answer has no MaxSessionDuration, which GetRole has.
        Ok(Output {
            role: Some(Role {
                tags: answer::tags(&role.tags),
                permissions_boundary: answer::boundary(role.boundary.as_ref()),
                ..answer::role(&role, cx.partition())
            }),
        })
    }
}
