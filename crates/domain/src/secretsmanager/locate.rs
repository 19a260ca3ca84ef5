//! From a `SecretId` to the secret, by way of the decision whether the caller may.

use std::sync::Arc;

use api::{CommonError, secretsmanager::Error};
use policy::{Attached, Policy, PolicyKind, ResourceMode, ResourcePolicy};
use store::secrets::Secret;
use types::{AccountId, Arn, Fault};

use super::{errors, sealing, secret_id::SecretId, tags};
use crate::{Access, Cx};

/// A secret that was looked for. Nothing of it can be read until [`authorize`](Self::authorize) gives it out.
pub(super) struct Located {
    asked: String,
    /// The account of the ARN, where it is not the caller's.
    other_account: Option<AccountId>,
    found: Option<Found>,
}

struct Found {
    secret: Secret,
    /// What rotates it.
    function: Option<String>,
}

/// Looks for a secret, in the caller's account by name or any ARN, and in another account by its complete ARN. One that is
/// marked for deletion is found too.
pub(super) async fn locate(cx: &mut Cx, secret_id: &str) -> Result<Located, Error> {
    let id = SecretId::parse(secret_id).map_err(errors::invalid_name)?;
    let secret = match &id {
        SecretId::Name(name) => {
            let account = cx.account().clone();
            cx.db.secret_by_name(&account, &cx.region, name).await?
        }
        SecretId::Arn(arn) if is_of_this_region(cx, arn) => cx.db.secret_by_arn(secret_id).await?,
        // AWS: across accounts the ARN must be complete; with less, its random end could be found out.
        SecretId::PartialArn(arn, name)
            if is_of_this_region(cx, arn) && arn.account == cx.account().as_str() =>
        {
            let account = cx.account().clone();
            cx.db.secret_by_name(&account, &cx.region, name).await?
        }
        SecretId::Arn(_) | SecretId::PartialArn(..) | SecretId::Foreign => None,
    };
    let other_account = match &id {
        SecretId::Arn(arn) | SecretId::PartialArn(arn, _) => arn.account.parse().ok(),
        SecretId::Name(_) | SecretId::Foreign => None,
    };
    let found = match secret {
        Some(secret) => Some(Found {
            function: function_of(cx, &secret).await?,
            secret,
        }),
        None => None,
    };
    Ok(Located {
        asked: secret_id.to_owned(),
        other_account: other_account.filter(|account| account != cx.account()),
        found,
    })
}

fn is_of_this_region(cx: &Cx, arn: &Arn) -> bool {
    arn.region == cx.region.as_str() && arn.partition == cx.partition()
}

impl Located {
    /// The ARN of the key that a request wants for the secret.
    pub(super) async fn key_arn(
        &self,
        cx: &mut Cx,
        key_id: Option<&str>,
    ) -> Result<Option<String>, Error> {
        match &self.found {
            Some(found) => sealing::named_key_arn(cx, &found.secret, key_id).await,
            None => Ok(None),
        }
    }

    /// Gives out the secret to a caller who may. `conditions` adds the keys of the request.
    pub(super) fn authorize(
        self,
        cx: &mut Cx,
        action: &str,
        conditions: impl FnOnce(Access) -> Access,
    ) -> Result<Secret, Error> {
        self.authorize_missing(cx, action, conditions)?
            .ok_or_else(errors::not_found)
    }

    /// As [`authorize`](Self::authorize), for the one operation that a missing secret does not fail.
    pub(super) fn authorize_missing(
        self,
        cx: &mut Cx,
        action: &str,
        conditions: impl FnOnce(Access) -> Access,
    ) -> Result<Option<Secret>, Error> {
        let access = match (&self.found, &self.other_account) {
            (Some(found), _) => access_to(&found.secret, found.function.as_deref(), action)?,
            // What is not there in another account is denied like what is.
            (None, Some(account)) => {
                Access::new(action, self.asked.as_str()).resource_account(account)
            }
            // A secret that does not exist is authorised under the text that was asked for.
            (None, None) => Access::new(action, self.asked.as_str()),
        };
        cx.authorize(conditions(access))?;
        Ok(self.found.map(|found| found.secret))
    }
}

/// The function that rotates a secret, on or off.
pub(super) async fn function_of(cx: &mut Cx, secret: &Secret) -> Result<Option<String>, Fault> {
    let rotation = cx.db.rotation(&secret.arn).await?;
    Ok(rotation.map(|rotation| rotation.function_arn))
}

/// Doing something with this secret, as decisions see it.
pub(super) fn access_to(
    secret: &Secret,
    function: Option<&str>,
    action: &str,
) -> Result<Access, CommonError> {
    let primary = secret.primary_region.as_ref().unwrap_or(&secret.region);
    let access = Access::new(action, secret.arn.as_str())
        .with("secretsmanager:SecretId", secret.arn.as_str())
        .with("secretsmanager:SecretPrimaryRegion", primary.as_str())
        .with_some("secretsmanager:resource/AllowRotationLambdaArn", function)
        .with_resource_tags(tags::pairs(secret.tags.as_deref().unwrap_or_default()))
        .resource_account(&secret.account)
        .resource_policy(resource_policy(secret)?);
    Ok(access)
}

fn resource_policy(secret: &Secret) -> Result<Option<ResourcePolicy>, CommonError> {
    let Some(text) = &secret.policy else {
        return Ok(None);
    };
    let policy = Policy::parse(text, PolicyKind::Resource).map_err(Fault::new)?;
    let attached = Attached::new(secret.arn.as_str(), Arc::new(policy));
    Ok(Some(attached.of_resource(ResourceMode::Ordinary)))
}
