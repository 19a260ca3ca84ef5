//! `sts:GetFederationToken`

use api::{
    CommonError, Modeled as _,
    sts::{
        Error, FederatedUser,
        get_federation_token::{GetFederationToken, Input, Output},
    },
};
use policy::Principal;
use types::Tag;

use super::{
    credentials::{self, Asker},
    session_policies::{self, pairs},
    session_tags,
};
use crate::{
    Access, Cx, Operation,
    identity::session::{self, Holder, SessionRecord},
};

impl Operation for GetFederationToken {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let asker = Asker::of(cx, Self::NAME)?;
        let tags = session_policies::read_tags(input.tags.as_deref());
        let tags = session_tags::combine(tags, Vec::new(), None)
            .map_err(|problem| CommonError::InvalidParameterValue(problem.to_string()))?
            .tags;
        session_policies::check_text(input.policy.as_deref())?;
        let principal = Principal::FederatedUser {
            partition: cx.partition().to_owned(),
            account: cx.account().clone(),
            name: input.name.clone(),
        };
        authorize(cx, &principal, &tags)?;

        let account = cx.account().clone();
        let given = input.policy_arns.as_deref();
        let policy_arns = session_policies::find_managed(cx, &account, given).await?;
        let packed = session_policies::packed_size(input.policy.as_deref(), &policy_arns, &tags)?;
        let duration = asker.duration(input.duration_seconds);
        let holder = Holder::Federated {
            account: account.clone(),
            user_id: asker.user_id(),
            name: input.name,
        };
        let record = SessionRecord {
            policy: input.policy,
            policy_arns,
            tags,
            ..SessionRecord::new(holder, cx.now(), duration)
        };
        let made = session::issue(&cx.world, &account, principal, &record)?;
        Ok(Output {
            federated_user: Some(FederatedUser {
                federated_user_id: Some(made.principal.user_id()),
                arn: Some(made.principal.arn()),
            }),
            credentials: Some(credentials::show(made)),
            packed_policy_size: Some(packed),
        })
    }
}

fn authorize(cx: &mut Cx, principal: &Principal, tags: &[Tag]) -> Result<(), CommonError> {
    let mut actions = vec![GetFederationToken::ACTION];
    if !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    for action in actions {
        cx.authorize(Access::new(action, principal.arn()).with_request_tags(pairs(tags)))?;
    }
    Ok(())
}
