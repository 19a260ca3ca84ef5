//! `ecs:DescribeClusters`

use api::{
    Modeled,
    ecs::{
        Cluster, ClusterField, ClusterSetting, Error, Tag,
        describe_clusters::{DescribeClusters, Input, Output},
    },
};
use ecs::names::DEFAULT_CLUSTER;
use store::ecs::ClusterRow;

use super::{cluster, missing};
use crate::{Access, Cx, Operation};

impl Operation for DescribeClusters {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let include = input.include.unwrap_or_default();
        let mut named = input.clusters.unwrap_or_default();
        if named.is_empty() {
            named.push(DEFAULT_CLUSTER.to_owned());
        }
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for name in named {
            let found = cluster::find(cx, Some(&name)).await?;
            cx.authorize(Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.arn))?;
            let arn = found.arn.clone();
            match found.any() {
                Some(row) => clusters.push(describe(cx, &row, &include).await?),
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            clusters: Some(clusters),
            failures: Some(failures),
        })
    }
}

async fn describe(
    cx: &mut Cx,
    row: &ClusterRow,
    include: &[ClusterField],
) -> Result<Cluster, Error> {
    let mut described = cluster::describe(&mut cx.db, row).await?;
    let details = cluster::details(row)?;
    if include.contains(&ClusterField::Tags) {
        let tags = details.tags.into_iter().map(|tag| Tag {
            key: Some(tag.key),
            value: Some(tag.value),
        });
        described.tags = Some(tags.collect());
    }
    if include.contains(&ClusterField::Settings) {
        let settings = details
            .settings
            .into_iter()
            .map(|(name, value)| ClusterSetting {
                name: name.parse().ok(),
                value: Some(value),
            });
        described.settings = Some(settings.collect());
    }
    Ok(described)
}
