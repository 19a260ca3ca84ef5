//! The policies that a simulation takes, with the text that their statements are found in.

use api::iam::{Error, PolicySourceType};
use policy::{Attached, Policy, PolicyKind};
use store::iam::{EntityKind, EntityRow};
use types::{AccountId, Arn, Fault};

use super::{kinds, locate};
use crate::{
    Cx,
    identity::aws_managed::{self, AwsManaged},
};

/// A policy and where it is from.
pub(super) struct Simulated {
    pub attached: Attached,
    pub text: String,
    pub kind: PolicySourceType,
}

impl Simulated {
    fn new(id: String, text: String, kind: PolicySourceType) -> Result<Self, Error> {
        let policy = parse(&text, PolicyKind::Identity)?;
        Ok(Self {
            attached: Attached::new(id, policy),
            text,
            kind,
        })
    }
}

/// Reads a policy of the request, or one that is stored.
pub(super) fn parse(text: &str, kind: PolicyKind) -> Result<Policy, Error> {
    Policy::parse(text, kind).map_err(|error| Error::InvalidInput(error.to_string()))
}

/// Policies of the request: `PolicyInputList.1`, `PolicyInputList.2`, ….
pub(super) fn given(list: &str, texts: Vec<String>) -> Result<Vec<Simulated>, Error> {
    let numbered = texts.into_iter().zip(1..);
    numbered
        .map(|(text, n)| Simulated::new(format!("{list}.{n}"), text, PolicySourceType::None))
        .collect()
}

/// The user, group or role of an ARN of the caller's account, for a caller who may do this to it.
pub(super) async fn source(cx: &mut Cx, action: &str, arn: &str) -> Result<EntityRow, Error> {
    let (kind, name) = kind_and_name(arn)
        .ok_or_else(|| Error::InvalidInput(format!("Invalid Entity Arn: {arn}")))?;
    let owner = arn.parse::<Arn>().map(|arn| arn.account);
    if owner.ok().as_deref() != Some(cx.account().as_str()) {
        // Of another account nobody learns who there is.
        return Err(kinds::missing(kind, &name));
    }
    locate::entity(cx, action, kind, &name).await
}

fn kind_and_name(arn: &str) -> Option<(EntityKind, String)> {
    let arn: Arn = arn.parse().ok()?;
    arn.account.parse::<AccountId>().ok()?;
    let (kind, name) = arn.resource.split_once('/')?;
    let kind = match (arn.service.as_str(), kind) {
        ("iam", "user") => EntityKind::User,
        ("iam", "group") => EntityKind::Group,
        ("iam", "role") => EntityKind::Role,
        _ => return None,
    };
    Some((kind, name.rsplit('/').next()?.to_owned()))
}

/// Every policy of a user, group or role, and of the groups that a user is in.
pub(super) async fn attached_to(cx: &mut Cx, entity: &EntityRow) -> Result<Vec<Simulated>, Error> {
    let mut policies = of_one(cx, entity).await?;
    if entity.kind == EntityKind::User {
        for group in cx.db.groups_of(&entity.id).await? {
            policies.extend(of_one(cx, &group).await?);
        }
    }
    Ok(policies)
}

async fn of_one(cx: &mut Cx, entity: &EntityRow) -> Result<Vec<Simulated>, Error> {
    let (kind, word) = match entity.kind {
        EntityKind::Group => (PolicySourceType::Group, "group"),
        EntityKind::Role | EntityKind::InstanceProfile => (PolicySourceType::Role, "role"),
        EntityKind::User => (PolicySourceType::User, "user"),
    };
    let mut policies = Vec::new();
    for inline in cx.db.inline_policies(&entity.id).await? {
        let id = format!("{word}_{}_{}", entity.name, inline.name);
        policies.push(Simulated::new(id, inline.document, kind)?);
    }
    for attached in cx.db.attached_policies(&entity.id).await? {
        if let Some(policy) = managed(&attached.arn, attached.document)? {
            policies.push(policy);
        }
    }
    Ok(policies)
}

/// The permissions boundary of a user or role.
pub(super) async fn boundary_of(
    cx: &mut Cx,
    entity: &EntityRow,
) -> Result<Option<Simulated>, Error> {
    let Some(arn) = &entity.boundary else {
        return Ok(None);
    };
    let document = document_of(cx, arn).await?;
    managed(arn, document)
}

async fn document_of(cx: &mut Cx, arn: &str) -> Result<Option<String>, Fault> {
    let Some(policy) = cx.db.managed_policy(arn).await? else {
        return Ok(None);
    };
    let version = cx.db.policy_version(&policy.id, policy.default_version);
    Ok(version.await?.map(|version| version.document))
}

/// A managed policy, the customer's or AWS's, under its name.
fn managed(arn: &str, document: Option<String>) -> Result<Option<Simulated>, Error> {
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let aws = |policy: &AwsManaged| (policy.document.clone(), PolicySourceType::AwsManaged);
    let (text, kind) = match (document, aws_managed::find(arn).map(aws)) {
        (Some(document), _) => (document, PolicySourceType::UserManaged),
        (None, Some(found)) => found,
        (None, None) => return Ok(None),
    };
    Simulated::new(name, text, kind).map(Some)
}
