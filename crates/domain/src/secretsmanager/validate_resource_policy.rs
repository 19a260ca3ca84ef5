//! `secretsmanager:ValidateResourcePolicy`

use api::{
    Modeled as _,
    secretsmanager::{
        Error, ValidationErrorsEntry,
        put_resource_policy::PutResourcePolicy,
        validate_resource_policy::{Input, Output, ValidateResourcePolicy},
    },
};
use store::secrets::Secret;

use super::{broad_access, locate::locate, lockout, resource_policy};
use crate::{Access, Cx, Operation};

impl Operation for ValidateResourcePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let secret = if let Some(secret_id) = &input.secret_id {
            Some(permitted(cx, secret_id).await?)
        } else {
            cx.authorize(Access::new(Self::ACTION, "*"))?;
            cx.authorize(Access::new(PutResourcePolicy::ACTION, "*"))?;
            None
        };
        resource_policy::check(&input.resource_policy)?;

        let mut problems = Vec::new();
        if broad_access::is_granted_by(&input.resource_policy) {
            problems.push(problem("BroadAccess", broad_access::FINDING));
        }
        if let Some(mut secret) = secret {
            secret.policy = Some(input.resource_policy);
            let action = PutResourcePolicy::ACTION;
            if !lockout::keeps(cx, &secret, action, |access| access).await? {
                problems.push(problem("Lockout", lockout::TEXT));
            }
        }
        Ok(Output {
            policy_validation_passed: Some(problems.is_empty()),
            validation_errors: Some(problems),
        })
    }
}

/// The secret, for a caller who may both validate and put its policy.
async fn permitted(cx: &mut Cx, secret_id: &str) -> Result<Secret, Error> {
    let located = locate(cx, secret_id).await?;
    let secret = located.authorize(cx, ValidateResourcePolicy::ACTION, |access| access)?;
    let located = locate(cx, &secret.arn).await?;
    located.authorize(cx, PutResourcePolicy::ACTION, |access| access)
}

fn problem(check: &str, text: &str) -> ValidationErrorsEntry {
    ValidationErrorsEntry {
        check_name: Some(check.to_owned()),
        error_message: Some(text.to_owned()),
    }
}
