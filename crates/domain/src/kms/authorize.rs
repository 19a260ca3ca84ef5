//! Who may use a key: its policy first, and identity policies where that delegates to the account.

use api::CommonError;
use crypto::EncryptionContext;
use policy::{Attached, ResourceMode};
use types::Fault;

use super::{forward::Via, key::Key};
use crate::{Access, Cx};

/// What is to be done with a key.
#[derive(Clone, Copy)]
pub(super) struct Use<'a> {
    /// `kms:…`
    pub action: &'a str,
    /// Present for the operations that take one; it may be empty.
    pub context: Option<&'a EncryptionContext>,
    /// The service that asks for its caller.
    pub via: Option<Via>,
}

impl<'a> Use<'a> {
    /// An operation on the key itself.
    pub(super) fn of(action: &'a str) -> Self {
        Self {
            action,
            context: None,
            via: None,
        }
    }

    /// An operation that encrypts or decrypts.
    pub(super) fn with_context(action: &'a str, context: &'a EncryptionContext) -> Self {
        Self {
            action,
            context: Some(context),
            via: None,
        }
    }

    /// The conditions that do not depend on the key.
    fn access(self, cx: &Cx, resource: String) -> Access {
        let mut access =
            Access::new(self.action, resource).with("kms:CallerAccount", cx.account().as_str());
        if let Some(context) = self.context {
            access = access.with("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
            let keys: Vec<_> = context.pairs().map(|(key, _)| key.to_owned()).collect();
            if !keys.is_empty() {
                access = access.with_list("kms:EncryptionContextKeys", keys);
            }
            for (key, value) in context.pairs() {
                access = access.with(&format!("kms:EncryptionContext:{key}"), value);
            }
        }
        match self.via {
            Some(via) => via.conditions(access, &cx.region),
            None => access,
        }
    }
}

/// Refuses whoever may not use the key.
pub(super) fn on_key(cx: &mut Cx, key: &Key, intent: Use<'_>) -> Result<(), CommonError> {
    let row = &key.row;
    let policy = cx.world.kms.policy(&row.policy).map_err(Fault::new)?;
    let attached = Attached::new(format!("key policy of {}", row.address.key_id), policy);
    let access = intent
        .access(cx, key.arn())
        .resource_account(&row.address.account)
        .resource_policy(Some(attached.of_resource(ResourceMode::KeyPolicy)))
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
