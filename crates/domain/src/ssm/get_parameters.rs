//! `ssm:GetParameters`

use std::collections::BTreeSet;

use api::{
    Modeled as _,
    ssm::{
        Error,
        get_parameters::{GetParameters, Input, Output},
    },
};

use super::{answer, locate::find};
use crate::{Cx, Operation};

impl Operation for GetParameters {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let mut seen = BTreeSet::new();
        let names = input.names.into_iter();
        let names: Vec<_> = names.filter(|name| seen.insert(name.clone())).collect();
        // All are authorised before any is opened: one name that the caller may not read fails the call.
        let found = find(cx, Self::ACTION, &names).await?;

        let with_decryption = input.with_decryption.unwrap_or(false);
        let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
        for (found, name) in found.into_iter().zip(names) {
            match answer::found(cx, found, with_decryption).await? {
                Ok(parameter) => parameters.push(parameter),
                Err(_missing) => invalid.push(name),
            }
        }
        // AWS: in the order of their names, whatever the order of the request.
        parameters.sort_by(|a, b| (&a.name, &a.selector).cmp(&(&b.name, &b.selector)));
        Ok(Output {
            parameters: Some(parameters),
            invalid_parameters: Some(invalid),
        })
    }
}
