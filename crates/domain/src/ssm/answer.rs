//! A parameter as reads answer it.

use api::ssm::{self, Error, ParameterType};
use store::parameters::Parameter;
use types::Fault;

use super::{
    locate::{Found, arn_of},
    names::Selector,
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

/// A type as the store keeps it.
pub(super) fn type_of(text: &str) -> Result<ParameterType, Fault> {
    text.parse().map_err(Fault::new)
}
