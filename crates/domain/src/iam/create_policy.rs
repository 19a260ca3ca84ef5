//! `iam:CreatePolicy`

use api::{
    Modeled as _,
    iam::{
        Error,
        create_policy::{CreatePolicy, Input, Output},
    },
};
use store::iam::ManagedPolicyRow;

use super::{
    answer::{self, Usage},
    document, locate, tags,
};
use crate::{Access, Cx, Operation, identity};

/// The size of a managed policy, without whitespace.
const QUOTA: usize = 6144;

impl Operation for CreatePolicy {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let tags = tags::read(input.tags)?;
        let arn = locate::iam_arn(cx, format!("policy{path}{}", input.policy_name));
        cx.authorize(
            Access::new(Self::ACTION, arn.as_str())
                .with_request_tags(tags::pairs(&tags))
                .shown_as(format!("policy {}", input.policy_name)),
        )?;
        document::check_managed(&input.policy_document)?;
        if document::size(&input.policy_document) > QUOTA {
            let text = format!("Cannot exceed quota for PolicySize: {QUOTA}");
            return Err(Error::LimitExceeded(text));
        }
        let policy = ManagedPolicyRow {
            id: identity::ids::policy(cx.entropy()),
            arn,
            account: cx.account().clone(),
            name: input.policy_name,
            path,
            description: input.description,
            tags,
            default_version: 1,
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
