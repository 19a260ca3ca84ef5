//! `ecs:DescribeCapacityProviders`

use api::{
    Modeled,
    ecs::{
        CapacityProvider, CapacityProviderStatus, CapacityProviderType, Error,
        describe_capacity_providers::{DescribeCapacityProviders, Input, Output},
    },
};
use ecs::{launch::PROVIDERS, names::Place};

use super::{cluster, here, missing, page};
use crate::{Access, Cx, Operation};

/// The limits of one call and of one page.
const MOST: usize = 100;
const PAGE: i32 = 10;

impl Operation for DescribeCapacityProviders {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let place = here(cx).1;
        let named = input.capacity_providers.unwrap_or_default();
        if named.is_empty() {
            cx.authorize(Access::new(Self::ACTION, "*"))?;
        }
        for text in &named {
            let name = place.capacity_provider_name(text).ok();
            let arn = name.map(|name| place.capacity_provider(&name).to_string());
            cx.authorize(Access::new(Self::ACTION, arn.as_deref().unwrap_or(text)))?;
        }
        if named.len() > MOST {
            return Err(Error::InvalidParameter(format!(
                "capacityProviders cannot have more than {MOST} elements."
            )));
        }
        let size = input.max_results.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&size) {
            return Err(Error::InvalidParameter(format!(
                "maxResults should be between 1 and {PAGE}."
            )));
        }
        let offered = offered(cx, input.cluster.as_deref()).await?;
        let mut failures = Vec::new();
        let found = if named.is_empty() {
            offered
        } else {
            let mut found = Vec::new();
            for text in named {
                let name = place.capacity_provider_name(&text).unwrap_or_default();
                match offered.iter().find(|one| **one == name) {
                    Some(one) => found.push(one.clone()),
                    None => failures.push(missing(arn_of(&place, &text))),
                }
            }
            found
        };
        let page = page::cut(found, Some(size), input.next_token.as_deref())?;
        let described = page.names.iter().map(|name| describe(&place, name));
        Ok(Output {
            capacity_providers: Some(described.collect()),
            failures: Some(failures),
            next_token: page.next_token,
        })
    }
}

/// All there are, or those of a cluster.
async fn offered(cx: &mut Cx, cluster_named: Option<&str>) -> Result<Vec<String>, Error> {
    let Some(named) = cluster_named else {
        return Ok(PROVIDERS.map(str::to_owned).to_vec());
    };
    let row = cluster::find(cx, Some(named)).await?.active()?;
    Ok(cluster::details(&row)?.providers.names)
}

fn describe(place: &Place, name: &str) -> CapacityProvider {
    CapacityProvider {
        capacity_provider_arn: Some(place.capacity_provider(name).to_string()),
        name: Some(name.to_owned()),
        status: Some(CapacityProviderStatus::Active),
        tags: Some(Vec::new()),
        type_: name.parse::<CapacityProviderType>().ok(),
        ..CapacityProvider::default()
    }
}

/// The ARN that a provider of this name or ARN would have.
fn arn_of(place: &Place, text: &str) -> String {
    if text.starts_with("arn:") {
        text.to_owned()
    } else {
        place.capacity_provider(text).to_string()
    }
}
