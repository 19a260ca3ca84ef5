//! Key policies: the two that sealift writes, and whether one that a caller writes may stand.

use api::kms::Error;
use policy::{Attached, Context, Policy, PolicyKind, Principal, Request, ResourceMode, Sources};
use serde_json::json;
use std::sync::Arc;
use store::kms::KeyAddress;
use types::{AccountId, Region};

use super::{forward::Via, key, principals};
use crate::Cx;

/// The name of the one policy that a key has.
pub(super) const NAME: &str = "default";

/// The longest key policy.
const MAX_LEN: usize = 32 * 1024;

/// The policy of a key that is created without one: everything is left to the account's identity policies.
pub(super) fn default(account: &AccountId, region: &Region) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root(account, region)},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// The policy of a key that AWS manages for a service: everyone in the account may use it, through that service only.
pub(super) fn aws_managed(service: Via, account: &AccountId, region: &Region) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": service.policy_id(),
        "Statement": [
            {
                "Sid": service.policy_sid(),
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": {"StringEquals": {
                    "kms:CallerAccount": account.as_str(),
                    "kms:ViaService": service.endpoint(region),
                }},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": root(account, region)},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
    .to_string()
}

fn root(account: &AccountId, region: &Region) -> String {
    format!("arn:{}:iam::{account}:root", region.partition())
}

/// Refuses a name that no policy of a key has.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name == NAME {
        return Ok(());
    }
    Err(Error::NotFound("No such policy exists".to_owned()))
}

/// Checks a policy that a caller gives a key, and gives it the form it is kept in. Unless it is to be bypassed, the
/// lockout safety check refuses a policy that its author could never change again.
pub(super) async fn accept(
    cx: &mut Cx,
    address: &KeyAddress,
    text: &str,
    bypass_lockout_check: bool,
) -> Result<String, Error> {
    if text.len() > MAX_LEN {
        let problem = format!("The key policy must not be longer than {MAX_LEN} bytes");
        return Err(Error::LimitExceeded(problem));
    }
    let malformed = |problem: String| Error::MalformedPolicyDocument(problem);
    let policy =
        Policy::parse(text, PolicyKind::Resource).map_err(|error| malformed(error.to_string()))?;
    let kept = principals::bind(cx, text, &policy).await?;
    if !bypass_lockout_check {
        let mut context = cx.caller.context(&cx.request, &cx.region, cx.now());
        context.set("kms:CallerAccount", cx.account().as_str());
        if !leaves_control_to(&cx.caller.principal, &context, address, policy) {
            let problem =
                "The new key policy will not allow you to update the key policy in the future.";
            return Err(malformed(problem.to_owned()));
        }
    }
    Ok(kept)
}

/// Whether the caller could change the policy again once it is in force: because it names them, or because it leaves
/// `kms:PutKeyPolicy` to identity policies, which can be given later.
fn leaves_control_to(
    caller: &Principal,
    context: &Context,
    address: &KeyAddress,
    policy: Policy,
) -> bool {
    let whatever = r#"{"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}"#;
    let whatever = Policy::parse(whatever, PolicyKind::Identity).expect("written above");
    let identity = [Attached::new("identity policies", Arc::new(whatever))];
    let resource =
        Attached::new("key policy", Arc::new(policy)).of_resource(ResourceMode::KeyPolicy);
    let request = Request {
        principal: caller,
        action: "kms:PutKeyPolicy",
        resource: &key::arn(address).to_string(),
        resource_account: &address.account,
        context,
    };
    let sources = Sources {
        identity: &identity,
        resource: Some(&resource),
        ..Sources::default()
    };
    policy::evaluate(&request, &sources).is_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn address() -> KeyAddress {
        KeyAddress {
            account: ACCOUNT.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
        }
    }

    fn user() -> Principal {
        Principal::User {
            partition: "aws".to_owned(),
            account: ACCOUNT.parse().unwrap(),
            path: "/".to_owned(),
            name: "ada".to_owned(),
            id: "AIDAAAAAAAAAAAAAAAAAA".to_owned(),
        }
    }

    fn resource_policy(text: &str) -> Policy {
        Policy::parse(text, PolicyKind::Resource).unwrap()
    }

    fn leaves_control(principal: &str, action: &str) -> bool {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", "Resource": "*"}}]}}"#
        );
        leaves_control_to(&user(), &Context::new(), &address(), resource_policy(&text))
    }

    #[test]
    fn a_policy_must_leave_its_author_the_means_to_change_it() {
        let ada = "arn:aws:iam::111122223333:user/ada";
        assert!(leaves_control(ada, "kms:*"));
        assert!(leaves_control(ada, "kms:PutKeyPolicy"));
        assert!(leaves_control("arn:aws:iam::111122223333:root", "kms:Put*"));
        assert!(!leaves_control(ada, "kms:Decrypt"));
        assert!(!leaves_control(
            "arn:aws:iam::111122223333:user/bob",
            "kms:*"
        ));
        assert!(!leaves_control("arn:aws:iam::444455556666:root", "kms:*"));
    }

    #[test]
    fn a_key_that_aws_manages_is_used_through_its_service_only() {
        let at = address();
        let policy = Arc::new(resource_policy(&aws_managed(
            Via::Ssm,
            &at.account,
            &at.region,
        )));
        let allowed = |context: Context| {
            let resource = Attached::new("key policy", Arc::clone(&policy))
                .of_resource(ResourceMode::KeyPolicy);
            let everything =
                r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
            let everything = Policy::parse(everything, PolicyKind::Identity).unwrap();
            let request = Request {
                principal: &user(),
                action: "kms:Decrypt",
                resource: &key::arn(&at).to_string(),
                resource_account: &at.account,
                context: &context,
            };
            let sources = Sources {
                identity: &[Attached::new("admin", everything)],
                resource: Some(&resource),
                ..Sources::default()
            };
            policy::evaluate(&request, &sources).is_allowed()
        };
        let caller = Context::new().with("kms:CallerAccount", ACCOUNT);
        assert!(!allowed(caller.clone()));
        let via = |service: &str| caller.clone().with("kms:ViaService", service);
        assert!(allowed(via("ssm.eu-west-1.amazonaws.com")));
        assert!(!allowed(via("secretsmanager.eu-west-1.amazonaws.com")));
        assert!(!allowed(via("ssm.us-east-1.amazonaws.com")));
    }

    #[test]
    fn the_default_policy_leaves_everything_to_the_account() {
        let at = address();
        let policy = resource_policy(&default(&at.account, &at.region));
        assert!(leaves_control_to(&user(), &Context::new(), &at, policy));
    }
}
