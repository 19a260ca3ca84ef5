//! What attaching managed policies to users and to roles has in common.

use api::{
    CommonError,
    iam::{AttachedPolicy, Error},
};
use types::Fault;

use super::{locate, page::Page, page::Paged};
use crate::{Cx, identity};

/// How many managed policies a user or role can have.
const QUOTA: usize = 10;

/// Attaches a managed policy. `quota` is its name in AWS's message.
pub(super) async fn attach(
    cx: &mut Cx,
    owner_id: &str,
    arn: &str,
    quota: &str,
) -> Result<(), Error> {
    locate::attachable(cx, arn).await?;
    let attached = cx.db.attached_policies(owner_id).await?;
    let is_new = attached.iter().all(|one| one.arn != arn);
    if is_new && attached.len() >= QUOTA {
        let text = format!("Cannot exceed quota for {quota}: {QUOTA}");
        return Err(Error::LimitExceeded(text));
    }
    let account = cx.account().clone();
    cx.db.attach_policy(&account, owner_id, arn).await?;
    identity::note_change(cx).await?;
    Ok(())
}

/// Detaches a managed policy.
pub(super) async fn detach(cx: &mut Cx, owner_id: &str, arn: &str) -> Result<(), Error> {
    if !cx.db.detach_policy(owner_id, arn).await? {
        return Err(Error::NoSuchEntity(format!("Policy {arn} was not found.")));
    }
    identity::note_change(cx).await?;
    Ok(())
}

/// A page of what is attached, under a path.
pub(super) async fn list(
    cx: &mut Cx,
    owner_id: &str,
    prefix: Option<&str>,
    page: &Page,
) -> Result<Paged<AttachedPolicy>, Error> {
    let mut policies = Vec::new();
    for attached in cx.db.attached_policies(owner_id).await? {
        // `arn:aws:iam::111122223333:policy/path/name`
        let Some((_, path_and_name)) = attached.arn.split_once(":policy/") else {
            let text = format!("`{}` is attached and no ARN of a policy", attached.arn);
            return Err(CommonError::from(Fault::new(text)).into());
        };
        let name = path_and_name.rsplit('/').next().unwrap_or(path_and_name);
        let under = prefix.is_none_or(|prefix| format!("/{path_and_name}").starts_with(prefix));
        if under {
            policies.push(AttachedPolicy {
                policy_name: Some(name.to_owned()),
                policy_arn: Some(attached.arn),
            });
        }
    }
    Ok(page.cut_all(policies, |policy| {
        policy.policy_arn.as_deref().unwrap_or_default()
    }))
}
