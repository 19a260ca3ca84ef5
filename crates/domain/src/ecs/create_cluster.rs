//! `ecs:CreateCluster`

use api::{
    Modeled,
    ecs::{
        ClusterSetting, Error,
        create_cluster::{CreateCluster, Input, Output},
    },
};
use ecs::names::{DEFAULT_CLUSTER, is_name};
use store::ecs::ClusterRow;
use types::Fault;

use super::{capacity_providers::Providers, cluster, here, tags};
use crate::{Access, Cx, Operation};

impl Operation for CreateCluster {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let given = input.tags.unwrap_or_default();
        let settings = input.settings.unwrap_or_default();
        cx.authorize(Access::new(Self::ACTION, "*").with_request_tags(tags::pairs(&given)))?;
        let name = input.cluster_name.filter(|n| !n.is_empty());
        let name = name.unwrap_or_else(|| DEFAULT_CLUSTER.to_owned());
        if !is_name(&name) {
            return Err(Error::InvalidParameter(
                "Cluster name contains invalid characters.".to_owned(),
            ));
        }
        let named = input.capacity_providers.unwrap_or_default();
        let strategy = input.default_capacity_provider_strategy.unwrap_or_default();
        let providers = Providers::checked(cx, &named, &strategy)?;
        let (home, place) = here(cx);
        let arn = place.cluster(&name).to_string();
        tags::authorize(cx, &given, Self::NAME, &arn)?;

        // AWS: creating a cluster that is there answers with it as it is.
        let row = match cx.db.cluster(&home, &name).await? {
            Some(row) if row.status == cluster::ACTIVE => row,
            _ => {
                let details = cluster::Details {
                    tags: serde_json::from_str(&tags::to_json(&given)?).map_err(Fault::new)?,
                    settings: settings.iter().filter_map(pair).collect(),
                    providers,
                };
                let row = ClusterRow {
                    home,
                    name,
                    status: cluster::ACTIVE.to_owned(),
                    details: serde_json::to_string(&details).map_err(Fault::new)?,
                    created_at: cx.now(),
                };
                cluster::save(cx, &row).await?;
                row
            }
        };
        let mut described = cluster::describe(&mut cx.db, &row).await?;
        described.tags = Some(given);
        described.settings = Some(settings);
        Ok(Output {
            cluster: Some(described),
        })
    }
}

fn pair(setting: &ClusterSetting) -> Option<(String, String)> {
    Some((setting.name?.as_str().to_owned(), setting.value.clone()?))
}
