//! `ssm:PutParameter`

use api::{
    Modeled as _,
    ssm::{
        Error, ParameterTier, ParameterType,
        put_parameter::{Input, Output, PutParameter},
    },
};
use store::parameters::{Parameter, ParameterKey};
use types::Tag;

use super::{
    answer::type_of,
    data_type,
    errors::validation,
    locate::arn_of,
    names::Name,
    policies::{NO_CHANGE, Policies},
    sealing::{self, Sealing},
    settings, tags,
    tier::{self, Wish},
    value,
};
use crate::{Access, Cx, Operation};

const MOST_VERSIONS: i64 = 100;
const MOST_STANDARD_PARAMETERS: i64 = 10_000;
const MOST_ADVANCED_PARAMETERS: i64 = 100_000;

impl Operation for PutParameter {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = Name::parse_new(&input.name, &arn_of(cx, ""))?;
        let account = cx.account().clone();
        let region = cx.region.clone();
        let path = name.path.clone();
        let key = ParameterKey {
            account: &account,
            region: &region,
            path: &path,
        };
        let before = cx.db.parameter(key).await?;
        authorize(cx, &name, &input, before.as_ref())?;
        refuse_overwriting(&input, before.as_ref())?;

        let new_policies = input.policies.is_some();
        if before.is_some() {
            make_room(cx, key, &name.given).await?;
        }
        let (parameter, policies) = next_version(cx, name, input, before).await?;
        let expires = policies.expires();
        let put = cx.db.put_parameter(&account, &region, &parameter, expires);
        if !put.await? {
            return Err(already_exists());
        }
        // What was told of policies that stay is not told again, but the parameter has changed now.
        let kept = (!new_policies).then_some(NO_CHANGE);
        let mut notifications = policies.notifications(parameter.modified);
        notifications.retain(|one| kept.is_none_or(|kind| one.kind == kind));
        cx.db
            .replace_notifications(key, kept, &notifications)
            .await?;
        Ok(Output {
            version: Some(parameter.version),
            tier: Some(tier_of(&parameter)?),
        })
    }
}

fn authorize(
    cx: &mut Cx,
    name: &Name,
    input: &Input,
    before: Option<&Parameter>,
) -> Result<(), Error> {
    let arn = arn_of(cx, &name.path);
    let own_tags: &[Tag] = before
        .and_then(|before| before.tags.as_deref())
        .unwrap_or_default();
    let new_tags = input.tags.as_deref().unwrap_or_default();
    let access = |action| {
        Access::new(action, arn.as_str())
            .with(
                "ssm:Overwrite",
                input.overwrite.unwrap_or(false).to_string(),
            )
            .with_some("ssm:Policies", input.policies.as_ref().map(|_| "true"))
            .with_resource_tags(
                own_tags
                    .iter()
                    .map(|tag| (tag.key.as_str(), tag.value.as_str())),
            )
            .with_request_tags(
                new_tags
                    .iter()
                    .map(|tag| (tag.key.as_str(), tag.value.as_str())),
            )
    };
    cx.authorize(access(PutParameter::ACTION))?;
    if !new_tags.is_empty() {
        cx.authorize(access("ssm:AddTagsToResource"))?;
    }
    Ok(())
}

fn refuse_overwriting(input: &Input, before: Option<&Parameter>) -> Result<(), Error> {
    let overwrite = input.overwrite.unwrap_or(false);
    if overwrite && input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        ));
    }
    if before.is_some() && !overwrite {
        return Err(already_exists());
    }
    Ok(())
}

fn already_exists() -> Error {
    Error::ParameterAlreadyExists(
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
            .to_owned(),
    )
}

/// The version that the request makes: what it leaves out stays as it was.
async fn next_version(
    cx: &mut Cx,
    name: Name,
    input: Input,
    before: Option<Parameter>,
) -> Result<(Parameter, Policies), Error> {
    let type_ = choose_type(input.type_, before.as_ref())?;
    let data_type = input
        .data_type
        .or_else(|| before.as_ref().map(|b| b.data_type.clone()));
    let data_type = data_type.unwrap_or_else(|| data_type::TEXT.to_owned());
    let kept = |kept: fn(&Parameter) -> Option<String>| before.as_ref().and_then(kept);
    let allowed_pattern = input
        .allowed_pattern
        .or_else(|| kept(|b| b.allowed_pattern.clone()))
        .filter(|pattern| !pattern.is_empty());
    value::check(&input.value, &data_type, allowed_pattern.as_deref())?;
    data_type::check_type(&data_type, type_)?;

    let policies = input.policies.or_else(|| kept(|b| b.policies.clone()));
    let policies = policies
        .as_deref()
        .map(Policies::parse)
        .transpose()?
        .unwrap_or_default();
    let default = settings::default_tier(cx).await?;
    let tier_before = before.as_ref().map(tier_of).transpose()?;
    let asked = tier::asked(input.tier, default, tier_before);
    let becomes_advanced = tier_before != Some(ParameterTier::Advanced)
        && asked.is_some_and(|asked| asked != ParameterTier::Standard);
    let tier = tier::choose(&Wish {
        asked,
        before: tier_before,
        value_length: input.value.len(),
        has_policies: !policies.is_empty(),
        standard_is_full: before.is_none()
            && is_full(cx, ParameterTier::Standard, MOST_STANDARD_PARAMETERS).await?,
        advanced_is_full: becomes_advanced
            && is_full(cx, ParameterTier::Advanced, MOST_ADVANCED_PARAMETERS).await?,
    })?;
    let key_id = match type_ {
        ParameterType::SecureString => input.key_id.or_else(|| kept(|b| b.key_id.clone())),
        _ if input.key_id.is_some() => {
            return Err(validation(
                "KeyId is required for SecureString type parameter only.",
            ));
        }
        _ => None,
    };

    let arn = arn_of(cx, &name.path);
    let version = before.as_ref().map_or(0, |before| before.version) + 1;
    let key = key_id.as_deref();
    let sealing = Sealing {
        arn: &arn,
        version,
        type_,
        tier,
        key_id: key,
    };
    let sealed = sealing::seal(cx, sealing, &input.value).await?;
    let tags = tags::of_request(input.tags.unwrap_or_default())?;
    let parameter = Parameter {
        path: name.path,
        version,
        latest_version: version,
        type_: type_.to_string(),
        tier: tier.to_string(),
        data_type,
        description: input
            .description
            .or_else(|| kept(|b| b.description.clone())),
        allowed_pattern,
        policies: policies.to_text(),
        key_id,
        sealed,
        modified: cx.now(),
        modified_by: cx.caller.principal.arn(),
        tags: match &before {
            Some(before) => before.tags.clone(),
            None => Some(tags).filter(|tags| !tags.is_empty()),
        },
        name: before.map_or(name.given, |before| before.name),
    };
    Ok((parameter, policies))
}

fn choose_type(
    asked: Option<ParameterType>,
    before: Option<&Parameter>,
) -> Result<ParameterType, Error> {
    let Some(before) = before else {
        return asked.ok_or_else(|| {
            validation("A parameter type is required when you create a parameter.")
        });
    };
    let kept = type_of(&before.type_)?;
    let asked = asked.unwrap_or(kept);
    let in_hierarchy = before.path.matches('/').count() > 1;
    if asked != kept && in_hierarchy {
        return Err(Error::HierarchyTypeMismatch(format!(
            "Parameter Store doesn't support changing a parameter type in a hierarchy: {} is a {kept}.",
            before.name
        )));
    }
    Ok(asked)
}

/// Whether the account has as many parameters of a tier as it may.
async fn is_full(cx: &mut Cx, tier: ParameterTier, most: i64) -> Result<bool, Error> {
    let account = cx.account().clone();
    let count = cx.db.count_parameters(&account, &cx.region, tier.as_str());
    Ok(count.await? >= most)
}

/// Drops the oldest version where one more would be too many, unless it has a label.
async fn make_room(cx: &mut Cx, key: ParameterKey<'_>, name: &str) -> Result<(), Error> {
    let (versions, oldest, labelled) = cx.db.oldest_parameter_version(key).await?;
    if versions < MOST_VERSIONS {
        return Ok(());
    }
    if labelled {
        return Err(Error::ParameterMaxVersionLimitExceeded(format!(
            "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again."
        )));
    }
    cx.db.delete_parameter_version(key, oldest).await?;
    Ok(())
}

/// The tier of a stored version.
fn tier_of(parameter: &Parameter) -> Result<ParameterTier, types::Fault> {
    parameter.tier.parse().map_err(types::Fault::new)
}
