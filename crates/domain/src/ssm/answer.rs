//! A parameter as reads answer it.

use api::ssm::{self, Error, ParameterInlinePolicy, ParameterType};
use store::parameters::Parameter;
use types::Fault;

use super::{
    locate::{Found, arn_of},
    names::Selector,
    policies::Policies,
    reference, sealing,
};
use crate::Cx;

/// The shape of a version, with its value.
pub(super) async fn parameter(
    cx: &mut Cx,
    parameter: Parameter,
    selector: Option<&Selector>,
    with_decryption: bool,
) -> Result<ssm::Parameter, Error> {
    let arn = arn_of(cx, &parameter.path);
    let value = sealing::open(cx, &arn, &parameter, with_decryption).await?;
    Ok(ssm::Parameter {
        name: Some(parameter.name),
        type_: Some(type_of(&parameter.type_)?),
        value: Some(value),
        version: Some(parameter.version),
        selector: selector.map(|selector| format!(":{}", selector.text())),
        source_result: None,
        last_modified_date: Some(parameter.modified),
        arn: Some(arn),
        data_type: Some(parameter.data_type),
    })
}

/// The shape of whatever a read found. What is missing comes back as the error that `GetParameter` would answer.
pub(super) async fn found(
    cx: &mut Cx,
    found: Found,
    with_decryption: bool,
) -> Result<Result<ssm::Parameter, Error>, Error> {
    match found {
        Found::Parameter(version, selector) => {
            parameter(cx, *version, selector.as_ref(), with_decryption)
                .await
                .map(Ok)
        }
        Found::Reference(reference) => match reference::read(cx, reference, with_decryption).await?
        {
            Ok(parameter) => Ok(Ok(parameter)),
            Err(missing) => Ok(Err(missing.into())),
        },
        Found::Missing(missing) => Ok(Err(missing.into())),
    }
}

/// The key of a `SecureString`, as it was given or the default one; nothing for other types.
pub(super) fn key_of(parameter: &Parameter, type_: ParameterType) -> Option<String> {
    let key = || parameter.key_id.as_deref().unwrap_or(sealing::DEFAULT_KEY);
    (type_ == ParameterType::SecureString).then(|| key().to_owned())
}

/// The policies that a version was made with, as answers have them.
pub(super) fn policies_of(
    cx: &Cx,
    parameter: &Parameter,
) -> Result<Vec<ParameterInlinePolicy>, Error> {
    let policies = parameter.policies.as_deref().map(Policies::parse);
    let policies = policies.transpose()?.unwrap_or_default();
    Ok(policies.to_answer(parameter.modified, cx.now()))
}

/// A type as the store keeps it.
pub(super) fn type_of(text: &str) -> Result<ParameterType, Fault> {
    text.parse().map_err(Fault::new)
}
