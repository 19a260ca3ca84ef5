//! `secretsmanager:RotateSecret`

use api::{
    CommonError, Modeled as _,
    secretsmanager::{
        Error,
        rotate_secret::{Input, Output, RotateSecret},
    },
};
use store::{
    rotations::{Rotation, RotationRules},
    secrets::{Secret, SecretVersion},
};

use super::{
    errors,
    locate::locate,
    replicas,
    rotation::{self, Kind},
    stages::{CURRENT, PENDING},
    versions,
};
use crate::{Access, Cx, Operation};

impl Operation for RotateSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let secret = located.authorize(cx, Self::ACTION, |access| conditions(access, &input))?;
        let token = input.client_request_token.ok_or_else(no_token)?;
        errors::refuse_unwritable(&secret)?;
        refuse_external(
            input.external_secret_rotation_metadata.is_some()
                || input.external_secret_rotation_role_arn.is_some(),
        )?;
        let stored = cx.db.rotation(&secret.arn).await?;
        let given = input.rotation_lambda_arn.filter(|arn| !arn.is_empty());
        let function = given.or_else(|| stored.as_ref().map(|stored| stored.function_arn.clone()));
        let function = function.ok_or_else(errors::no_rotation_function)?;
        let rules = input
            .rotation_rules
            .map(rotation::of_request)
            .transpose()?
            .flatten();
        check_function(cx, &secret, &function)?;

        let versions = cx.db.secret_versions(&secret.arn).await?;
        let kind = match input.rotate_immediately {
            Some(false) => Kind::Test,
            _ => Kind::Rotate,
        };
        if !begun_before(cx, stored.as_ref(), &secret, &versions, &token)? {
            let wanted = wanted(cx, stored, &secret.arn, function, rules);
            begin(cx, secret.clone(), wanted, kind, &token).await?;
        }
        Ok(Output {
            arn: Some(secret.arn),
            name: Some(secret.name),
            version_id: Some(token),
        })
    }
}

fn conditions(access: Access, input: &Input) -> Access {
    let immediately = input.rotate_immediately.map(|now| now.to_string());
    let rules = input.rotation_rules.as_ref().map(|_| "true");
    access
        .with_some(
            "secretsmanager:RotationLambdaARN",
            input.rotation_lambda_arn.as_deref(),
        )
        .with_some("secretsmanager:RotateImmediately", immediately)
        .with_some("secretsmanager:ModifyRotationRules", rules)
}

fn no_token() -> Error {
    // AWS: InvalidParameter here, where the operations that write values say InvalidRequest.
    Error::InvalidParameter(
        "You must provide a ClientRequestToken value. We recommend a UUID-type value.".to_owned(),
    )
}

fn refuse_external(given: bool) -> Result<(), Error> {
    errors::refuse_unsupported("Rotation without a Lambda function", given)
}

/// The caller must be allowed to call the function, and the operator must have said what it is.
fn check_function(cx: &mut Cx, secret: &Secret, function: &str) -> Result<(), Error> {
    cx.authorize(Access::new("lambda:InvokeFunction", function))?;
    match cx.world.settings.rotators.find(function, &secret.arn) {
        Some(_) => Ok(()),
        None => Err(Error::Common(CommonError::AccessDenied(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."
                .to_owned(),
        ))),
    }
}

/// Whether this very request was carried out before. Refuses a token that stands for something else, and a rotation
/// while another is not finished.
fn begun_before(
    cx: &Cx,
    stored: Option<&Rotation>,
    secret: &Secret,
    versions: &[SecretVersion],
    token: &str,
) -> Result<bool, Error> {
    let labels = versions::labels(versions);
    let run = stored.and_then(|stored| stored.run.as_ref());
    if run.is_some_and(|run| run.version == token) {
        return Ok(true);
    }
    let rotated = stored.is_some_and(|stored| stored.rotated.is_some());
    if rotated && labels.holder(CURRENT) == Some(token) {
        return Ok(true);
    }
    if run.is_some() || rotation::pending_version(&labels).is_some() {
        // AWS: the refusal comes with another attempt.
        cx.world.rotation.ask(&secret.arn);
        return Err(Error::InvalidRequest(
            "A previous rotation isn't complete. That rotation will be reattempted.".to_owned(),
        ));
    }
    if versions.iter().any(|version| version.id == token) {
        return Err(Error::InvalidRequest(format!(
            "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {}.",
            secret.arn
        )));
    }
    Ok(false)
}

/// The rotation that the request makes of what is stored.
fn wanted(
    cx: &Cx,
    stored: Option<Rotation>,
    secret_arn: &str,
    function_arn: String,
    rules: Option<RotationRules>,
) -> Rotation {
    let mut wanted = stored.unwrap_or_else(|| Rotation {
        secret_arn: secret_arn.to_owned(),
        enabled: false,
        function_arn: String::new(),
        rules: RotationRules::default(),
        rotated: None,
        window: None,
        run: None,
    });
    wanted.function_arn = function_arn;
    if rules.is_some() || !wanted.enabled {
        wanted.rules = rules.unwrap_or(wanted.rules);
        wanted.window = None;
        wanted.window = rotation::next_window(&wanted, cx.now());
    }
    wanted.enabled = true;
    wanted
}

/// Stores what is wanted, with the version that waits for its value. The steps follow once this is on disk.
async fn begin(
    cx: &mut Cx,
    mut secret: Secret,
    mut wanted: Rotation,
    kind: Kind,
    token: &str,
) -> Result<(), Error> {
    let now = cx.now();
    cx.db.insert_empty_version(&secret.arn, token, now).await?;
    cx.db.attach_label(&secret.arn, PENDING, token).await?;
    rotation::begin(&mut wanted, kind, token, now);
    cx.db.save_rotation(&wanted).await?;
    replicas::save_changed(cx, &mut secret).await?;
    cx.after_commit(|world| world.rotation.ring());
    Ok(())
}
