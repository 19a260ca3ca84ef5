//! `ssm:GetParameterHistory`

use api::{
    Modeled as _,
    ssm::{
        Error, ParameterHistory,
        get_parameter_history::{GetParameterHistory, Input, Output},
    },
};
use store::parameters::{Parameter, ParameterKey};
use types::Fault;

use super::{
    answer, errors,
    locate::{Found, arn_of, find},
    sealing,
};
use crate::{Cx, Operation, page_token};

const DEFAULT_PAGE: usize = 50;

impl Operation for GetParameterHistory {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = find(cx, Self::ACTION, &[input.name]).await?.pop();
        // AWS: no version is asked for here, and secrets have no history in Parameter Store.
        let Some(Found::Parameter(latest, None)) = found else {
            return Err(errors::not_found());
        };
        let token = input.next_token.as_deref();
        let after = token.map(|token| place(token, &latest.path).ok_or_else(errors::invalid_token));
        let after = after.transpose()?.unwrap_or(0);
        let wanted = input.max_results.and_then(|n| usize::try_from(n).ok());
        let wanted = wanted.unwrap_or(DEFAULT_PAGE);

        let account = cx.account().clone();
        let region = cx.region.clone();
        let key = ParameterKey {
            account: &account,
            region: &region,
            path: &latest.path,
        };
        let limit = i64::try_from(wanted + 1).unwrap_or(i64::MAX);
        let mut versions = cx.db.parameter_history(key, after, limit).await?;
        let more = versions.len() > wanted;
        versions.truncate(wanted);
        let labels = cx.db.parameter_labels(key).await?;
        let next_token = versions.last().filter(|_| more);
        let next_token = next_token.map(|last| page_token::write(&(&last.path, last.version)));

        let with_decryption = input.with_decryption.unwrap_or(false);
        let mut parameters = Vec::with_capacity(versions.len());
        for version in versions {
            let of_it = labels.iter().filter(|(_, on)| *on == version.version);
            let labels: Vec<_> = of_it.map(|(label, _)| label.clone()).collect();
            parameters.push(shape(cx, version, labels, with_decryption).await?);
        }
        Ok(Output {
            parameters: Some(parameters),
            next_token,
        })
    }
}

/// The version after which a token goes on, where it is a token of this parameter.
fn place(token: &str, path: &str) -> Option<i64> {
    let (of, version): (String, i64) = page_token::read(token)?;
    (of == path).then_some(version)
}

async fn shape(
    cx: &mut Cx,
    version: Parameter,
    labels: Vec<String>,
    with_decryption: bool,
) -> Result<ParameterHistory, Error> {
    let arn = arn_of(cx, &version.path);
    let value = sealing::open(cx, &arn, &version, with_decryption).await?;
    let type_ = answer::type_of(&version.type_)?;
    Ok(ParameterHistory {
        key_id: answer::key_of(&version, type_),
        policies: Some(answer::policies_of(cx, &version)?),
        name: Some(version.name),
        type_: Some(type_),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.modified_by),
        description: version.description.filter(|text| !text.is_empty()),
        value: Some(value),
        allowed_pattern: version.allowed_pattern.filter(|text| !text.is_empty()),
        version: Some(version.version),
        labels: Some(labels),
        tier: Some(version.tier.parse().map_err(Fault::new)?),
        data_type: Some(version.data_type),
    })
}
