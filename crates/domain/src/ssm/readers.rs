//! Who may read a parameter: asked of the same decisions that requests are, for every user and role of its account.

use std::sync::Arc;

use store::parameters::ParameterKey;
use types::{AccountId, Arn, Fault, Region};

use super::{
    locate::{Found, find as find_parameters},
    sealing,
};
use crate::{
    Cx, World,
    identity::{Caller, everyone},
    secretsmanager::readers::Reader,
};

/// What tasks are given parameters by.
const GET: &str = "ssm:GetParameters";

/// A parameter that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    pub arn: String,
    account: AccountId,
    region: Region,
}

/// The parameter of a name in the first account and region, or of an ARN anywhere.
pub async fn find(world: &World, text: &str) -> Result<Option<Traced>, Fault> {
    let settings = &world.settings;
    let (account, region, path) = if text.starts_with("arn:") {
        match crate::ecs::holders::parameter(text) {
            Some(parts) => parts,
            None => return Ok(None),
        }
    } else {
        let path = format!("/{}", text.trim_start_matches('/'));
        (
            settings.first_account.clone(),
            settings.region.clone(),
            path,
        )
    };
    let key = ParameterKey {
        account: &account,
        region: &region,
        path: &path,
    };
    let there = world.store.read().await?.parameter(key).await?.is_some();
    let arn = Arn::new(
        region.partition(),
        "ssm",
        region.as_str(),
        account.as_str(),
        format!("parameter{path}"),
    );
    Ok(there.then(|| Traced {
        arn: arn.to_string(),
        account,
        region,
    }))
}

/// Every user and role of the parameter's account that may read it, its KMS key included. The account's root user always
/// may and is not listed.
pub async fn readers(world: &Arc<World>, parameter: &Traced) -> Result<Vec<Reader>, Fault> {
    let mut readers = Vec::new();
    let partition = parameter.region.partition();
    for caller in everyone(world, &parameter.account, partition).await? {
        readers.extend(reads(world, parameter, caller).await?);
    }
    Ok(readers)
}

async fn reads(
    world: &Arc<World>,
    parameter: &Traced,
    caller: Caller,
) -> Result<Option<Reader>, Fault> {
    let arn = caller.principal.principal_arn();
    let mut cx = Cx::imagined(world, caller, &parameter.region).await?;
    let wanted = [parameter.arn.clone()];
    let Ok(found) = find_parameters(&mut cx, GET, &wanted).await else {
        return Ok(None);
    };
    let because = cx.decided.last().map(|d| d.statement.clone());
    let Some(Found::Parameter(latest, _)) = found.into_iter().next() else {
        return Ok(None);
    };
    // Whether its key lets them is found out by trying.
    let opened = sealing::open(&mut cx, &parameter.arn, &latest, true).await;
    Ok(opened.is_ok().then(|| Reader {
        arn,
        because: because.unwrap_or_default(),
    }))
}
