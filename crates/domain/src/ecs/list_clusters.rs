//! `ecs:ListClusters`

use api::{
    Modeled,
    ecs::{
        Error,
        list_clusters::{Input, ListClusters, Output},
    },
};

use super::{here, page};
use crate::{Access, Cx, Operation};

impl Operation for ListClusters {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let (home, place) = here(cx);
        let size = page::size(input.max_results)?;
        let after = page::after(input.next_token.as_deref())?;
        let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let mut rows = cx.db.active_clusters(&home, &after, limit).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next_token = rows
            .last()
            .filter(|_| more)
            .map(|row| page::token(&row.name));
        let arns = rows.iter().map(|row| place.cluster(&row.name).to_string());
        Ok(Output {
            cluster_arns: Some(arns.collect()),
            next_token,
        })
    }
}
