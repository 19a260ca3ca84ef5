//! `ecs:ListContainerInstances`

use api::{
    CommonError, Modeled,
    ecs::{
        Error,
        list_container_instances::{Input, ListContainerInstances, Output},
    },
};

use super::{cluster, here, page};
use crate::{Access, Cx, Operation};

impl Operation for ListContainerInstances {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        cx.authorize(Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.arn))?;
        if input.filter.is_some_and(|f| !f.is_empty()) {
            return Err(Error::Common(CommonError::Unsupported(
                "The filter of ListContainerInstances is not supported yet by sealift.".to_owned(),
            )));
        }
        let cluster = found.active()?;
        let (home, place) = here(cx);
        let mut rows = cx.db.container_instances(&home, &cluster.name).await?;
        if let Some(status) = input.status {
            rows.retain(|row| row.status == status.as_str());
        }
        let arns = rows
            .iter()
            .map(|row| place.container_instance(&row.cluster, &row.id).to_string());
        let page = page::cut(
            arns.collect(),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(Output {
            container_instance_arns: Some(page.names),
            next_token: page.next_token,
        })
    }
}
