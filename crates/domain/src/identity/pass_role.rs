//! `iam:PassRole`: who hands a role to a service must be allowed to.

use api::CommonError;
use types::{AccountId, Arn};

use crate::{Access, Cx};

/// Refuses a caller who may not hand this role to this service, such as `ecs-tasks.amazonaws.com`.
pub async fn authorize_pass_role(
    cx: &mut Cx,
    role_arn: &str,
    service: &str,
) -> Result<(), CommonError> {
    let mut access = Access::new("iam:PassRole", role_arn).with("iam:PassedToService", service);
    if let Some((account, name)) = name_of_role(role_arn) {
        if account != *cx.account() {
            // AWS: a role of another account is passed by nobody, whatever the policies say.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
            return Err(CommonError::AccessDenied(
                "Cross-account pass role is not allowed.".to_owned(),
            ));
        }
        if let Some(role) = cx.db.role_by_name(&account, &name).await? {
            let tags = role.tags.iter();
            access =
                access.with_resource_tags(tags.map(|tag| (tag.key.as_str(), tag.value.as_str())));
        }
    }
    cx.authorize(access)
}

/// The account and name of a role, from its ARN.
fn name_of_role(arn: &str) -> Option<(AccountId, String)> {
    let arn: Arn = arn.parse().ok()?;
    let path_and_name = arn.resource.strip_prefix("role/")?;
    let name = path_and_name.rsplit('/').next()?;
    Some((arn.account.parse().ok()?, name.to_owned()))
}
