//! Repositories: where they are, who may use them, and how answers show them.

use api::{
    CommonError,
    ecr::{EncryptionConfiguration, EncryptionType, Error, ImageScanningConfiguration, Repository},
};
use policy::{Attached, Policy, PolicyKind, ResourceMode, ResourcePolicy};
use serde_json::Value;
use store::ecr::{RepositoryAddress, RepositoryRow};
use types::{AccountId, Arn, Fault};

use super::settings::Settings;
use crate::{Access, Cx};

/// The repository that a request names; in the caller's own registry where it names none.
pub(super) fn address(
    cx: &Cx,
    registry_id: Option<&str>,
    name: &str,
) -> Result<RepositoryAddress, Error> {
    Ok(RepositoryAddress {
        account: registry(cx, registry_id)?,
        region: cx.region.clone(),
        name: name.to_owned(),
    })
}

/// The account whose registry a request names.
pub(super) fn registry(cx: &Cx, registry_id: Option<&str>) -> Result<AccountId, Error> {
    match registry_id {
        None => Ok(cx.account().clone()),
        Some(id) => id.parse().map_err(|_| {
            Error::InvalidParameter(format!(
                "Invalid parameter at 'registryId' failed to satisfy constraint: 'must be an account, not {id}'"
            ))
        }),
    }
}

pub(super) fn arn(address: &RepositoryAddress) -> Arn {
    let RepositoryAddress {
        account,
        region,
        name,
    } = address;
    Arn::new(
        region.partition(),
        "ecr",
        region.as_str(),
        account.as_str(),
        format!("repository/{name}"),
    )
}

/// The repository of an ARN.
pub(super) fn of_arn(text: &str) -> Result<RepositoryAddress, Error> {
    let invalid = || {
        Error::InvalidParameter(format!(
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN {text}'"
        ))
    };
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    let name = arn.resource.strip_prefix("repository/");
    match name.filter(|_| arn.service == "ecr") {
        Some(name) => Ok(RepositoryAddress {
            account: arn.account.parse().map_err(|_| invalid())?,
            region: arn.region.parse().map_err(|_| invalid())?,
            name: name.to_owned(),
        }),
        None => Err(invalid()),
    }
}

/// The repository, if it is there and the caller may do this with it. Whoever may not learns nothing.
pub(super) async fn locate(
    cx: &mut Cx,
    action: &str,
    address: &RepositoryAddress,
) -> Result<RepositoryRow, Error> {
    let row = cx.db.ecr_repository(address).await?;
    authorize(cx, access(action, address, row.as_ref())?)?;
    row.ok_or_else(|| not_found(address))
}

/// Refuses a caller who may not.
pub(super) fn authorize(cx: &mut Cx, access: Access) -> Result<(), CommonError> {
    cx.authorize(access)
}

/// The question whether a caller may do this with a repository.
pub(super) fn access(
    action: &str,
    address: &RepositoryAddress,
    row: Option<&RepositoryRow>,
) -> Result<Access, Fault> {
    let policy = row.and_then(|row| row.policy.as_deref());
    let policy = policy.map(|text| compiled(address, text)).transpose()?;
    let tags = row.map(|row| row.tags.as_slice()).unwrap_or_default();
    let tags = tags
        .iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()));
    Ok(Access::new(action, arn(address).to_string())
        .resource_account(&address.account)
        .resource_policy(policy)
        .with_resource_tags(tags))
}

fn compiled(address: &RepositoryAddress, text: &str) -> Result<ResourcePolicy, Fault> {
    let policy = parse_policy(text).ok_or_else(|| Fault::new(UnusablePolicy(arn(address))))?;
    let name = format!("policy of {}", arn(address));
    Ok(Attached::new(name, policy).of_resource(ResourceMode::Ordinary))
}

#[derive(Debug, thiserror::Error)]
#[error("the stored policy of {0} cannot be read")]
struct UnusablePolicy(Arn);

/// A repository policy, if the text is one.
pub(super) fn parse_policy(text: &str) -> Option<Policy> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let statements = document.get_mut("Statement")?;
    let statements = match statements {
        Value::Array(statements) => statements.iter_mut().collect(),
        one => vec![one],
    };
    for statement in statements {
        let members = statement.as_object_mut()?;
        // AWS: a repository policy says nothing of resources, since it is about its own repository.
        if !members.contains_key("Resource") && !members.contains_key("NotResource") {
            members.insert("Resource".to_owned(), Value::from("*"));
        }
    }
    Policy::parse(&document.to_string(), PolicyKind::Resource).ok()
}

pub(super) fn not_found(address: &RepositoryAddress) -> Error {
    Error::RepositoryNotFound(not_found_text(address))
}

pub(super) fn not_found_text(
    RepositoryAddress { account, name, .. }: &RepositoryAddress,
) -> String {
    format!("The repository with name '{name}' does not exist in the registry with id '{account}'")
}

/// How answers show a repository.
pub(super) fn shown(cx: &Cx, row: &RepositoryRow) -> Result<Repository, Fault> {
    let settings = Settings::read(&row.settings)?;
    let RepositoryAddress {
        account,
        region,
        name,
    } = &row.address;
    Ok(Repository {
        repository_arn: Some(arn(&row.address).to_string()),
        registry_id: Some(account.to_string()),
        repository_name: Some(name.clone()),
        repository_uri: Some(cx.world.registry().uri(account, region, name)),
        created_at: Some(row.created),
        image_tag_mutability: settings.mutability(),
        image_tag_mutability_exclusion_filters: settings.exclusion_filters(),
        image_scanning_configuration: Some(ImageScanningConfiguration {
            scan_on_push: Some(settings.scan_on_push),
        }),
        encryption_configuration: Some(EncryptionConfiguration {
            encryption_type: EncryptionType::Aes256,
            kms_key: None,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_policy_needs_no_resource() {
        let policy = |statement: &str| {
            parse_policy(&format!(
                r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
            ))
        };
        let allow = r#""Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage""#;
        assert!(policy(&format!("{{{allow}}}")).is_some());
        assert!(policy(&format!(r#"{{{allow},"Resource":"*"}}"#)).is_some());
        assert!(policy(r#"{"Effect":"Allow","Action":"ecr:*"}"#).is_none());
        assert!(policy("3").is_none());
        assert!(parse_policy("no").is_none());
    }

    #[test]
    fn an_arn_leads_to_its_repository() {
        let address = of_arn("arn:aws:ecr:us-west-2:111122223333:repository/team/app").unwrap();
        assert_eq!(address.name, "team/app");
        assert_eq!(
            arn(&address).to_string(),
            "arn:aws:ecr:us-west-2:111122223333:repository/team/app"
        );
        for bad in [
            "team/app",
            "arn:aws:ecs:us-west-2:111122223333:repository/app",
            "arn:aws:ecr:us-west-2:111122223333:app",
        ] {
            assert!(of_arn(bad).is_err(), "{bad}");
        }
    }
}
