//! `iam:CreatePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_policy::{CreatePolicy, Input, Output},
    },
};
use store::iam::{ManagedPolicyRow, Usage};

use super::{answer, document, kinds, locate, tags};
use crate::{Access, Cx, Operation, identity};

/// How many managed policies an account can have.
pub(super) const QUOTA: (&str, i32) = ("PoliciesPerAccount", 1500);

impl Operation for CreatePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let tags = tags::read_of_policy(input.tags)?;
        let arn = locate::iam_arn(cx, format!("policy{path}{}", input.policy_name));
        cx.authorize(
            Access::new(Self::ACTION, arn.as_str())
                .with_request_tags(tags::pairs(&tags))
                .shown_as(format!("policy {}", input.policy_name)),
        )?;
        document::check_managed(&input.policy_document)?;
        let account = cx.account().clone();
        kinds::check_quota(QUOTA, cx.db.count_managed_policies(&account).await?)?;
        let policy = ManagedPolicyRow {
            id: identity::ids::policy(cx.entropy()),
            arn,
            account,
            name: input.policy_name,
            path,
            description: input.description,
            tags,
            default_version: 1,
            last_version: 1,
            created: cx.now(),
            updated: cx.now(),
        };
        let inserted = cx.db.insert_managed_policy(&policy, &input.policy_document);
        if !inserted.await? {
            return Err(Error::EntityAlreadyExists(format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                policy.name
            )));
        }
        // AWS: the answer has no description, which GetPolicy has.
        Ok(Output {
            policy: Some(api::iam::Policy {
                tags: answer::tags(&policy.tags),
                ..answer::policy(&policy, Usage::default())
            }),
        })
    }
}
