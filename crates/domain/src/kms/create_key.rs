//! `kms:CreateKey`

use api::{
    CommonError,
    kms::{
        Error, KeySpec, KeyUsageType, OriginType,
        create_key::{CreateKey, Input, Output},
    },
};
use store::kms::KeyAddress;
use types::Tag;

use super::{
    key, key_policy,
    new_key::{self, NewKey},
    tags,
};
use crate::{Access, Cx, Operation};

/// The most keys that an account has in a region.
const MAX_KEYS: i64 = 100_000;

impl Operation for CreateKey {
    async fn run(cx: &mut Cx, mut input: Input) -> Result<Output, Error> {
        is_supported(&input)?;
        let tags = tags::check(input.tags.take().unwrap_or_default())?;
        let multi_region = input.multi_region.unwrap_or(false);
        let address = new_key::address(cx, multi_region);
        authorize(cx, &address, &input, &tags)?;

        let policy = match input.policy {
            Some(policy) => {
                let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
                key_policy::accept(cx, &address, &policy, bypass).await?
            }
            None => key_policy::default(&address.account, &address.region),
        };
        let new = NewKey {
            description: input.description.unwrap_or_default(),
            policy,
            aws_managed: false,
            multi_region,
            tags,
        };
        if cx
            .db
            .count_kms_keys(&address.account, &address.region)
            .await?
            >= MAX_KEYS
        {
            let text = format!("Cannot have more than {MAX_KEYS} keys");
            return Err(Error::LimitExceeded(text));
        }
        let key = new_key::make(cx, address, new).await?;

        Ok(Output {
            key_metadata: Some(key.metadata()?),
        })
    }
}

/// Refuses the kinds of key that sealift does not make, by name.
fn is_supported(input: &Input) -> Result<(), Error> {
    let unsupported = |what: &str| Err(super::unsupported(what));
    let validation = |text: String| Err(CommonError::Validation(text).into());
    let spec = input.key_spec.map(KeySpec::as_str);
    let old_spec = input
        .customer_master_key_spec
        .map(api::kms::CustomerMasterKeySpec::as_str);
    if spec.is_some() && old_spec.is_some() {
        let text = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.";
        return validation(text.to_owned());
    }
    let symmetric = KeySpec::SymmetricDefault.as_str();
    let spec = spec.or(old_spec).unwrap_or(symmetric);
    if spec != symmetric {
        return unsupported(&format!("KeySpec {spec}"));
    }
    match input.origin {
        None | Some(OriginType::AwsKms) => {}
        Some(origin) => return unsupported(&format!("Origin {}", origin.as_str())),
    }
    if input.custom_key_store_id.is_some() || input.xks_key_id.is_some() {
        return unsupported("a custom key store");
    }
    match input.key_usage {
        None | Some(KeyUsageType::EncryptDecrypt) => Ok(()),
        Some(usage) => validation(format!(
            "KeyUsage {} is not compatible with KeySpec {spec}",
            usage.as_str()
        )),
    }
}

fn authorize(
    cx: &mut Cx,
    address: &KeyAddress,
    input: &Input,
    tags: &[Tag],
) -> Result<(), CommonError> {
    let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
    let multi_region = input.multi_region.unwrap_or(false);
    let account = address.account.as_str();
    let pairs = || {
        tags.iter()
            .map(|tag| (tag.key.as_str(), tag.value.as_str()))
    };
    cx.authorize(
        Access::new("kms:CreateKey", "*")
            .with("kms:CallerAccount", account)
            .with("kms:KeySpec", KeySpec::SymmetricDefault.as_str())
            .with("kms:KeyUsage", KeyUsageType::EncryptDecrypt.as_str())
            .with("kms:KeyOrigin", OriginType::AwsKms.as_str())
            .with("kms:MultiRegion", multi_region.to_string())
            .with("kms:BypassPolicyLockoutSafetyCheck", bypass.to_string())
            .with_request_tags(pairs()),
    )?;
    if tags.is_empty() {
        return Ok(());
    }
    // AWS: tags at creation want kms:TagResource in an identity policy as well.
    let arn = key::arn(address).to_string();
    let tagging = Access::new("kms:TagResource", arn).with("kms:CallerAccount", account);
    cx.authorize(tagging.with_request_tags(pairs()))
}
