//! `ssm:DescribeParameters`

use api::{
    Modeled as _,
    ssm::{
        Error, ParameterMetadata,
        describe_parameters::{DescribeParameters, Input, Output},
    },
};
use store::parameters::{Parameter, ParameterScope};
use types::Fault;

use super::{
    answer,
    errors::validation,
    filters::{self, Filter, Of},
    locate::arn_of,
    scan::Scan,
};
use crate::{Access, Cx, Operation};

const DEFAULT_PAGE: usize = 50;

impl Operation for DescribeParameters {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let everything = cx.arn("ssm", "*").to_string();
        cx.authorize(Access::new(Self::ACTION, everything))?;
        let filters = match (input.filters, input.parameter_filters) {
            (Some(legacy), None) => legacy
                .into_iter()
                .map(|filter| Filter::legacy(filter.key, filter.values))
                .collect(),
            (None, filters) => filters::check(Of::Describe, filters.unwrap_or_default())?,
            (Some(_), Some(_)) => {
                return Err(validation(
                    "You can use either Filters or ParameterFilters in a single request.",
                ));
            }
        };
        // Nothing is shared with this account by another.
        if input.shared == Some(true) {
            return Ok(Output {
                parameters: Some(Vec::new()),
                next_token: None,
            });
        }
        let scan = Scan {
            scope: ParameterScope::Under("/"),
            filters: &filters,
            wanted: input
                .max_results
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(DEFAULT_PAGE),
        };
        let (found, next_token) = scan.page(cx, input.next_token.as_deref()).await?;
        let parameters = found.into_iter().map(|parameter| metadata(cx, parameter));
        Ok(Output {
            parameters: Some(parameters.collect::<Result<_, _>>()?),
            next_token,
        })
    }
}

fn metadata(cx: &Cx, parameter: Parameter) -> Result<ParameterMetadata, Error> {
    let type_ = answer::type_of(&parameter.type_)?;
    Ok(ParameterMetadata {
        arn: Some(arn_of(cx, &parameter.path)),
        key_id: answer::key_of(&parameter, type_),
        policies: Some(answer::policies_of(cx, &parameter)?),
        name: Some(parameter.name),
        type_: Some(type_),
        last_modified_date: Some(parameter.modified),
        last_modified_user: Some(parameter.modified_by),
        description: parameter.description.filter(|text| !text.is_empty()),
        allowed_pattern: parameter.allowed_pattern.filter(|text| !text.is_empty()),
        version: Some(parameter.version),
        tier: Some(parameter.tier.parse().map_err(Fault::new)?),
        data_type: Some(parameter.data_type),
    })
}
