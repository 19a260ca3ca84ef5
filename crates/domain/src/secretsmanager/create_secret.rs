//! `secretsmanager:CreateSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        create_secret::{CreateSecret, Input, Output},
        replicate_secret_to_regions::ReplicateSecretToRegions,
        tag_resource::TagResource,
    },
};
use store::secrets::Secret;

use super::{
    errors, replicas, sealing,
    secret_id::{SUFFIX_ALPHABET, SUFFIX_LENGTH, check_name},
    tags,
    value::Value,
    versions,
};
use crate::{Access, Cx, Operation};

impl Operation for CreateSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        check_name(&input.name).map_err(errors::invalid_name)?;
        let tags = input.tags.map(tags::of_request).transpose()?;
        let mut secret = Secret {
            arn: new_arn(cx, &input.name),
            account: cx.account().clone(),
            region: cx.region.clone(),
            name: input.name,
            description: input.description.filter(|text| !text.is_empty()),
            kms_key_id: input
                .kms_key_id
                .filter(|id| !sealing::is_default_key(cx, id)),
            tags: tags.filter(|tags| !tags.is_empty()),
            policy: None,
            created: cx.now(),
            changed: cx.now(),
            accessed: None,
            deletion: None,
            primary_region: None,
        };
        let replicas = input.add_replica_regions.unwrap_or_default();
        let force = input.force_overwrite_replica_secret;
        let key = sealing::named_key_arn(cx, &secret, secret.kms_key_id.as_deref()).await?;
        let of_secret = |action: &str| {
            access_to(&secret, action).with_some("secretsmanager:KmsKeyArn", key.clone())
        };
        authorize(
            cx,
            &of_secret,
            secret.tags.is_some(),
            |access| match replicas.as_slice() {
                [] => access,
                wanted => replicas::conditions(access, wanted, force),
            },
        )?;
        if !replicas.is_empty() {
            let access = of_secret(ReplicateSecretToRegions::ACTION);
            cx.authorize(replicas::conditions(access, &replicas, force))?;
        }
        errors::refuse_unsupported("Type", input.type_.is_some())?;
        let elsewhere = input.cross_account_primary_arn.is_some();
        errors::refuse_unsupported("CrossAccountPrimaryARN", elsewhere)?;
        let token = errors::required_token(input.client_request_token)?;
        let value = Value::of_request(input.secret_string, input.secret_binary)?;

        if !cx.db.insert_secret(&secret).await? {
            return created_before(cx, &secret, token, value).await;
        }
        sealing::check_key(cx, &secret).await?;
        if let Some(value) = &value {
            versions::write(cx, &secret, &token, value, None).await?;
        }
        replicas::add(cx, &mut secret, replicas, force.unwrap_or(false)).await?;
        Ok(Output {
            replication_status: replicas::statuses(cx, &secret).await?,
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: value.map(|_| token),
        })
    }
}

/// The ARN of a secret that does not exist yet. Its suffix is drawn anew each time.
fn new_arn(cx: &Cx, name: &str) -> String {
    let suffix = cx.entropy().text(SUFFIX_ALPHABET, SUFFIX_LENGTH);
    cx.arn("secretsmanager", format!("secret:{name}-{suffix}"))
        .to_string()
}

/// Each action is decided under the ARN about to be created; a denial names the secret, whose suffix is not known yet.
fn access_to(secret: &Secret, action: &str) -> Access {
    Access::new(action, secret.arn.as_str())
        .with("secretsmanager:Name", secret.name.as_str())
        .with_some("secretsmanager:Description", secret.description.as_deref())
        .with_some("secretsmanager:KmsKeyId", secret.kms_key_id.as_deref())
        .with_request_tags(tags::pairs(secret.tags.as_deref().unwrap_or_default()))
        .shown_as(secret.name.as_str())
}

fn authorize(
    cx: &mut Cx,
    of_secret: &impl Fn(&str) -> Access,
    tagged: bool,
    conditions: impl FnOnce(Access) -> Access,
) -> Result<(), Error> {
    cx.authorize(conditions(of_secret(CreateSecret::ACTION)))?;
    if tagged {
        cx.authorize(of_secret(TagResource::ACTION))?;
    }
    Ok(())
}

/// The name is taken: by the same request carried out before, which is answered again, or by another.
async fn created_before(
    cx: &mut Cx,
    asked: &Secret,
    token: String,
    value: Option<Value>,
) -> Result<Output, Error> {
    let known = cx
        .db
        .secret_by_name(&asked.account, &asked.region, &asked.name)
        .await?;
    let exists = || {
        Error::ResourceExists(format!(
            "The operation failed because the secret {} already exists.",
            asked.name
        ))
    };
    let known = known.ok_or_else(exists)?;
    if known.deletion.is_some() {
        return Err(Error::InvalidRequest(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
                .to_owned(),
        ));
    }
    let versions = cx.db.secret_versions(&known.arn).await?;
    if !versions.iter().any(|version| version.id == token) {
        return Err(exists());
    }
    if sealing::open_version(cx, &known, &token).await? != value {
        return Err(errors::token_in_use(&token, &known.arn));
    }
    Ok(Output {
        replication_status: replicas::statuses(cx, &known).await?,
        arn: Some(known.arn),
        name: Some(known.name),
        version_id: Some(token),
    })
}
