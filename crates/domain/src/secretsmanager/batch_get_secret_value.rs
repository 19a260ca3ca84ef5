//! `secretsmanager:BatchGetSecretValue`

use api::{
    Modeled as _, ServiceError as _,
    secretsmanager::{
        ApiErrorType, Error, SecretValueEntry,
        batch_get_secret_value::{BatchGetSecretValue, Input, Output},
        get_secret_value::Output as Read,
        list_secrets::ListSecrets,
    },
};

use super::{
    get_secret_value::read,
    listing::{self, Listing},
};
use crate::{Access, Cx, Operation};

const DEFAULT_PAGE: usize = 20;

impl Operation for BatchGetSecretValue {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let (ids, next_token) = match (input.secret_id_list, input.filters) {
            (Some(ids), None) => {
                let paged = input.max_results.is_some() || input.next_token.is_some();
                refuse_pages_of_ids(paged)?;
                (ids, None)
            }
            (None, Some(filters)) => {
                cx.authorize(Access::new(ListSecrets::ACTION, "*"))?;
                listing::check(&filters)?;
                let wanted = listing::page_size(input.max_results, DEFAULT_PAGE);
                let page = Listing::of(filters)
                    .page(cx, input.next_token.as_deref(), wanted)
                    .await?;
                let arns = page.secrets.into_iter().map(|secret| secret.arn);
                (arns.collect(), page.next_token)
            }
            _ => {
                return Err(Error::InvalidParameter(
                    "Either 'SecretIdList' or 'Filters' must be provided, but not both.".to_owned(),
                ));
            }
        };

        let (mut values, mut failures) = (Vec::new(), Vec::new());
        for id in ids {
            match read(cx, &id, None, None).await {
                Ok(found) => values.push(entry(found)),
                Err(error) if error.fault().is_some() => return Err(error),
                Err(error) => failures.push(failure(id, &error)),
            }
        }
        Ok(Output {
            secret_values: Some(values),
            next_token,
            errors: Some(failures),
        })
    }
}

fn refuse_pages_of_ids(paged: bool) -> Result<(), Error> {
    if !paged {
        return Ok(());
    }
    Err(Error::InvalidParameter(
        "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
            .to_owned(),
    ))
}

fn entry(found: Read) -> SecretValueEntry {
    SecretValueEntry {
        arn: found.arn,
        name: found.name,
        version_id: found.version_id,
        secret_binary: found.secret_binary,
        secret_string: found.secret_string,
        version_stages: found.version_stages,
        created_date: found.created_date,
    }
}

/// One secret that could not be read; the others are answered all the same.
fn failure(id: String, error: &Error) -> ApiErrorType {
    let report = error.report();
    ApiErrorType {
        secret_id: Some(id),
        error_code: Some(report.code.to_owned()),
        message: report.message,
    }
}
