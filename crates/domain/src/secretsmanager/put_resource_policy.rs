//! `secretsmanager:PutResourcePolicy`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        put_resource_policy::{Input, Output, PutResourcePolicy},
    },
};

use super::{broad_access, errors, locate::locate, lockout, replicas, resource_policy};
use crate::{Access, Cx, Operation};

impl Operation for PutResourcePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let block_public = input.block_public_policy;
        let conditions = |access: Access| {
            let block = block_public.map(|block| block.to_string());
            access.with_some("secretsmanager:BlockPublicPolicy", block)
        };
        let mut secret = located.authorize(cx, Self::ACTION, conditions)?;
        errors::refuse_unwritable(&secret)?;
        resource_policy::refuse_other(input.policy_name.as_deref())?;

        let kept = resource_policy::accept(cx, &input.resource_policy).await?;
        if block_public == Some(true) && broad_access::is_granted_by(&input.resource_policy) {
            return Err(Error::PublicPolicy(broad_access::REFUSAL.to_owned()));
        }
        secret.policy = Some(kept);
        lockout::refuse(cx, &secret, Self::ACTION, conditions).await?;
        replicas::save_changed(cx, &mut secret).await?;
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            policy_name: input.policy_name,
        })
    }
}
