//! `iam:CreateRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_role::{CreateRole, Input, Output},
    },
};
use store::iam::RoleRow;

use super::{answer, locate, tags, trust};
use crate::{Access, Cx, Operation, identity};

impl Operation for CreateRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let tags = tags::read(input.tags)?;
        let arn = locate::iam_arn(cx, format!("role{path}{}", input.role_name));
        let boundary = input.permissions_boundary;
        cx.authorize(
            Access::new(Self::ACTION, arn)
                .with_request_tags(tags::pairs(&tags))
                .with_some("iam:PermissionsBoundary", boundary.as_deref()),
        )?;
        trust::check(cx, &input.assume_role_policy_document).await?;
        if let Some(arn) = &boundary {
            locate::check_policy_arn(arn)?;
            locate::attachable(cx, arn).await?;
        }
        let role = RoleRow {
            id: identity::ids::role(cx.entropy()),
            account: cx.account().clone(),
            name: input.role_name,
            path,
            trust_policy: input.assume_role_policy_document,
            description: input.description,
            max_session_duration: input.max_session_duration.unwrap_or(3600).into(),
            tags,
            boundary,
            created: cx.now(),
        };
        if !cx.db.insert_role(&role).await? {
            let text = format!("Role with name {} already exists.", role.name);
            return Err(Error::EntityAlreadyExists(text));
        }
        identity::note_change(cx).await?;
        // AWS: the answer has no MaxSessionDuration, which GetRole has.
        Ok(Output {
            role: Some(api::iam::Role {
                tags: answer::tags(&role.tags),
                permissions_boundary: answer::boundary(role.boundary.as_ref()),
                ..answer::role(&role, cx.partition())
            }),
        })
    }
}
