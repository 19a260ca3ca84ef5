//! Who may use a key: its policy first, identity policies where that delegates to the account, and grants.

use api::CommonError;
use crypto::EncryptionContext;
use policy::{Attached, ResourceMode};
use types::{Arn, Fault, Tag};

use super::{forward::Via, grant_terms::Terms, grants, key::Key};
use crate::{Access, Cx};

/// What is to be done with a key.
#[derive(Clone)]
pub(super) struct Use<'a> {
    /// `kms:…`
    pub action: &'a str,
    /// Present for the operations that take one; it may be empty.
    pub context: Option<&'a EncryptionContext>,
    /// The service that asks for its caller.
    via: Option<Via>,
    /// The grant that is to be made: whoever may do so by a grant can give no more than that one gave.
    pub giving: Option<&'a Terms>,
    /// The condition keys of this operation alone.
    conditions: Vec<(&'static str, Condition)>,
    request_tags: Vec<Tag>,
}

#[derive(Clone)]
enum Condition {
    One(String),
    Many(Vec<String>),
}

impl<'a> Use<'a> {
    /// An operation on the key itself.
    pub(super) fn of(action: &'a str) -> Self {
        Self {
            action,
            context: None,
            via: None,
            giving: None,
            conditions: Vec::new(),
            request_tags: Vec::new(),
        }
    }

    /// An operation that encrypts or decrypts.
    pub(super) fn with_context(action: &'a str, context: &'a EncryptionContext) -> Self {
        Self {
            context: Some(context),
            ..Self::of(action)
        }
    }

    /// The same, asked by a service for its caller.
    pub(super) fn through(mut self, via: Via) -> Self {
        self.via = Some(via);
        self
    }

    /// Making a grant with these terms.
    pub(super) fn giving(mut self, terms: &'a Terms) -> Self {
        self.giving = Some(terms);
        self
    }

    /// Adds a condition key with one value.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.conditions.push((key, Condition::One(value.into())));
        self
    }

    /// Adds a condition key with many values.
    pub(super) fn with_list(mut self, key: &'static str, values: Vec<String>) -> Self {
        self.conditions.push((key, Condition::Many(values)));
        self
    }

    /// Adds `aws:RequestTag/…` and `aws:TagKeys` for the tags that the request carries.
    pub(super) fn with_request_tags(self, tags: &[Tag]) -> Self {
        let keys = tags.iter().map(|tag| tag.key.clone()).collect();
        let mut intent = self.with_list("aws:TagKeys", keys);
        intent.request_tags = tags.to_vec();
        intent
    }

    /// The conditions that do not depend on the key.
    fn access(self, cx: &Cx, resource: String) -> Access {
        let mut access =
            Access::new(self.action, resource).with("kms:CallerAccount", cx.account().as_str());
        if let Some(context) = self.context {
            access = with_encryption_context(access, context)
                .with("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
        }
        if let Some(context) = self.giving.and_then(Terms::context) {
            access = with_encryption_context(access, context);
        }
        for Tag { key, value } in &self.request_tags {
            access = access.with(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        for (key, condition) in self.conditions {
            access = match condition {
                Condition::One(value) => access.with(key, value),
                Condition::Many(values) => access.with_list(key, values),
            };
        }
        match self.via {
            Some(via) => via.conditions(access, &cx.region),
            None => access,
        }
    }
}

fn with_encryption_context(mut access: Access, context: &EncryptionContext) -> Access {
    let keys: Vec<_> = context.pairs().map(|(key, _)| key.to_owned()).collect();
    if !keys.is_empty() {
        access = access.with_list("kms:EncryptionContextKeys", keys);
    }
    for (key, value) in context.pairs() {
        access = access.with(&format!("kms:EncryptionContext:{key}"), value);
    }
    access
}

/// Refuses whoever may not use the key.
pub(super) async fn on_key(cx: &mut Cx, key: &Key, intent: Use<'_>) -> Result<(), CommonError> {
    let grant = grants::covering(cx, key, &intent).await?;
    on_key_by(cx, key, intent, grant)
}

/// As [`on_key`], where it is known whether a grant covers the request.
pub(super) fn on_key_by(
    cx: &mut Cx,
    key: &Key,
    intent: Use<'_>,
    grant: Option<String>,
) -> Result<(), CommonError> {
    let row = &key.row;
    let policy = cx.world.kms.policy(&row.policy).map_err(Fault::new)?;
    let attached = Attached::new(format!("key policy of {}", row.address.key_id), policy);
    let mut access = intent
        .access(cx, key.arn())
        .resource_account(&row.address.account)
        .resource_policy(Some(attached.of_resource(ResourceMode::KeyPolicy)))
        .grant(grant)
        .with("kms:KeySpec", row.key_spec.as_str())
        .with("kms:KeyUsage", row.key_usage.as_str())
        .with("kms:KeyOrigin", row.origin.as_str())
        .with("kms:MultiRegion", row.multi_region.to_string())
        .with_list("kms:ResourceAliases", row.aliases.iter().cloned())
        .with_some("kms:RequestAlias", key.requested_alias.as_deref())
        .with_resource_tags(
            row.tags
                .iter()
                .map(|tag| (tag.key.as_str(), tag.value.as_str())),
        );
    if let Some(alias) = &key.requested_alias
        && row.address.account != *cx.account()
    {
        // Whether another account has such an alias, and for which key, is not for a denial to tell.
        let (region, account) = (&row.address.region, &row.address.account);
        let alias = Arn::new(
            region.partition(),
            "kms",
            region.as_str(),
            account.as_str(),
            alias.as_str(),
        );
        access = access.shown_as(alias.to_string());
    }
    cx.authorize(access)
}

/// Refuses whoever might not use a key of which there is none, so that only who may learns that.
pub(super) fn on_missing(
    cx: &mut Cx,
    resource: String,
    owner: &types::AccountId,
    intent: Use<'_>,
) -> Result<(), CommonError> {
    let access = intent.access(cx, resource).resource_account(owner);
    cx.authorize(access)
}

/// Refuses whoever may not do this with an alias. The keys behind it are asked for on their own.
pub(super) fn on_alias(cx: &mut Cx, action: &str, alias_arn: &str) -> Result<(), CommonError> {
    let access = Use::of(action).access(cx, alias_arn.to_owned());
    cx.authorize(access)
}

/// Refuses whoever may not do this at all: operations that are about no key.
pub(super) fn on_no_key(cx: &mut Cx, action: &str) -> Result<(), CommonError> {
    let access = Use::of(action).access(cx, "*".to_owned());
    cx.authorize(access)
}
