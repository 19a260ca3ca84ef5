//! The policies and tags that a session is given: checked, found, and measured.

use api::{
    CommonError,
    sts::{Error, PolicyDescriptorType},
};
use policy::{Policy, PolicyKind};
use types::{AccountId, Tag};

use crate::{Cx, identity::aws_managed};

/// What session policies and tags can take together.
const PACKED_LIMIT: usize = 4096;
/// The length of a session policy, as text.
const TEXT_LIMIT: usize = 2048;
/// How many managed policies can limit a session.
const MANAGED_LIMIT: usize = 10;

/// Checks the session policy that is given as text.
pub(super) fn check_text(document: Option<&str>) -> Result<(), Error> {
    let Some(document) = document else {
        return Ok(());
    };
    if document.chars().count() > TEXT_LIMIT {
        let text = format!(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to {TEXT_LIMIT}"
        );
        return Err(CommonError::Validation(text).into());
    }
    Policy::parse(document, PolicyKind::Identity)
        .map_err(|error| Error::MalformedPolicyDocument(error.to_string()))?;
    Ok(())
}

/// The ARNs of the managed session policies, which must exist in the account of the session.
pub(super) async fn find_managed(
    cx: &mut Cx,
    account: &AccountId,
    given: Option<&[PolicyDescriptorType]>,
) -> Result<Vec<String>, Error> {
    let mut arns = Vec::new();
    for PolicyDescriptorType { arn } in given.unwrap_or_default() {
        let arn = arn.clone().unwrap_or_default();
        let own = cx.db.managed_policy(&arn).await?;
        let is_own = own.is_some_and(|policy| policy.account == *account);
        if !is_own && aws_managed::find(&arn).is_none() {
            let text = format!("PolicyArn {arn} does not exist.");
            return Err(CommonError::Validation(text).into());
        }
        arns.push(arn);
    }
    if arns.len() > MANAGED_LIMIT {
        return Err(Error::PackedPolicyTooLarge(format!(
            "Cannot exceed quota for PolicyArns: {MANAGED_LIMIT}"
        )));
    }
    Ok(arns)
}

/// How much of the room for session policies and tags is taken, in percent, rounded up.
pub(super) fn packed_size(
    document: Option<&str>,
    arns: &[String],
    tags: &[Tag],
) -> Result<i32, Error> {
    let policies = document
        .into_iter()
        .chain(arns.iter().map(String::as_str))
        .map(str::len);
    let tags = tags.iter().map(|tag| tag.key.len() + tag.value.len());
    let size: usize = policies.chain(tags).sum();
    let percent = (size * 100).div_ceil(PACKED_LIMIT);
    if percent > 100 {
        return Err(Error::PackedPolicyTooLarge(format!(
            "Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )));
    }
    Ok(i32::try_from(percent).unwrap_or(100))
}

/// Tags as pairs, as decisions take them.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()))
}

/// The tags of a request.
pub(super) fn read_tags(tags: Option<&[api::sts::Tag]>) -> Vec<Tag> {
    let tags = tags.unwrap_or_default().iter().map(|tag| Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    });
    tags.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_size_is_a_share_of_the_room() {
        let arns = ["a".repeat(41)];
        assert!(matches!(packed_size(None, &[], &[]), Ok(0)));
        assert!(matches!(packed_size(None, &arns, &[]), Ok(2)));
        let full = "a".repeat(4056);
        assert!(packed_size(Some(&full), &arns, &[]).is_err());
        assert!(matches!(
            packed_size(Some(&full[..4055]), &arns, &[]),
            Ok(100)
        ));
    }

    #[test]
    fn a_session_policy_is_a_policy_of_limited_length() {
        let statement = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert!(check_text(None).is_ok() && check_text(Some(statement)).is_ok());
        let padded = format!("{statement}{}", " ".repeat(2048));
        assert!(matches!(
            check_text(Some(&padded)),
            Err(Error::Common(CommonError::Validation(_)))
        ));
        assert!(matches!(
            check_text(Some("{")),
            Err(Error::MalformedPolicyDocument(_))
        ));
    }
}
