//! `ssm:GetParametersByPath`

use api::{
    Modeled as _,
    ssm::{
        Error,
        get_parameters_by_path::{GetParametersByPath, Input, Output},
    },
};
use store::parameters::ParameterScope;

use super::{
    answer, errors,
    filters::{self, Of},
    locate::arn_of,
    names::parse_path,
    scan::Scan,
};
use crate::{Access, Cx, Operation};

const DEFAULT_PAGE: usize = 10;

impl Operation for GetParametersByPath {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let path = parse_path(&input.path).ok_or_else(errors::malformed_path)?;
        let recursive = input.recursive.unwrap_or(false);
        // AWS: the path decides alone, as the caller wrote it, with its slash at the end; nothing asks what is below.
        let arn = arn_of(cx, &input.path);
        cx.authorize(Access::new(Self::ACTION, arn).with("ssm:Recursive", recursive.to_string()))?;
        let filters = filters::check(Of::ByPath, input.parameter_filters.unwrap_or_default())?;
        let below = format!("{path}/");
        let scan = Scan {
            scope: if recursive {
                ParameterScope::Under(&below)
            } else {
                ParameterScope::ChildrenOf(path)
            },
            filters: &filters,
            wanted: input
                .max_results
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(DEFAULT_PAGE),
        };
        let (found, next_token) = scan.page(cx, input.next_token.as_deref()).await?;

        let with_decryption = input.with_decryption.unwrap_or(false);
        let mut parameters = Vec::with_capacity(found.len());
        for parameter in found {
            parameters.push(answer::parameter(cx, parameter, None, with_decryption).await?);
        }
        Ok(Output {
            parameters: Some(parameters),
            next_token,
        })
    }
}
