//! Capacity providers: those of Fargate, which a cluster lists and may start tasks by where a call does not say how.

use api::ecs::{CapacityProviderStrategyItem, Error, LaunchType};
use ecs::launch;
use serde::{Deserialize, Serialize};
use store::ecs::ClusterRow;
use types::Fault;

use super::{cluster, here, run_task::launch_error};
use crate::Cx;

/// What a cluster says of capacity providers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Providers {
    pub names: Vec<String>,
    default: Vec<Share>,
}

/// One item of a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    provider: String,
    weight: Option<i32>,
    base: Option<i32>,
}

impl Providers {
    /// Those that a call names, by name or ARN, if there are such and the strategy can be followed.
    pub(super) fn checked(
        cx: &Cx,
        wanted: &[String],
        strategy: &[CapacityProviderStrategyItem],
    ) -> Result<Self, Error> {
        let place = here(cx).1;
        let mut names = Vec::new();
        for text in wanted {
            let name = place.capacity_provider_name(text).ok();
            let name = name.unwrap_or_else(|| text.clone());
            launch::check_provider(&name).map_err(|error| launch_error(&error))?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        launch::check_strategy(strategy).map_err(|error| launch_error(&error))?;
        let mut providers = strategy.iter().map(|item| &item.capacity_provider);
        if let Some(other) = providers.find(|provider| !names.contains(provider)) {
            return Err(Error::InvalidParameter(format!(
                "The capacity provider '{other}' of the default strategy is not associated with the cluster."
            )));
        }
        let default = strategy.iter().map(|item| Share {
            provider: item.capacity_provider.clone(),
            weight: item.weight,
            base: item.base,
        });
        Ok(Self {
            default: default.collect(),
            names,
        })
    }

    pub(super) fn default_strategy(&self) -> Vec<CapacityProviderStrategyItem> {
        let shares = self.default.iter();
        shares
            .map(|share| CapacityProviderStrategyItem {
                capacity_provider: share.provider.clone(),
                // AWS: tells both where the caller said neither.
                weight: Some(share.weight.unwrap_or(0)),
                base: Some(share.base.unwrap_or(0)),
            })
            .collect()
    }
}

/// Fills in the cluster's default strategy where a call says neither how nor where its tasks run.
pub(super) fn use_default(
    cluster: &ClusterRow,
    launch_type: Option<LaunchType>,
    strategy: &mut Option<Vec<CapacityProviderStrategyItem>>,
) -> Result<(), Fault> {
    let says = launch_type.is_some() || strategy.as_ref().is_some_and(|items| !items.is_empty());
    if !says {
        let default = cluster::details(cluster)?.providers.default_strategy();
        *strategy = Some(default).filter(|items| !items.is_empty());
    }
    Ok(())
}
