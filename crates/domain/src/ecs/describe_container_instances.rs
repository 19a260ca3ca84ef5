//! `ecs:DescribeContainerInstances`

use api::{
    Modeled,
    ecs::{
        ContainerInstanceField, Error,
        describe_container_instances::{DescribeContainerInstances, Input, Output},
    },
};

use super::{cluster, container_instance, here, missing};
use crate::{Access, Cx, Operation};

impl Operation for DescribeContainerInstances {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let (home, place) = here(cx);
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        if input.container_instances.is_empty() {
            return Err(Error::InvalidParameter(
                "Container instances cannot be empty.".to_owned(),
            ));
        }
        let mut wanted = Vec::new();
        for text in &input.container_instances {
            let id = place.container_instance_id(&found.name, text).ok();
            let arn = match &id {
                Some(id) => place.container_instance(&found.name, id).to_string(),
                None => text.clone(),
            };
            cx.authorize(Access::new(Self::ACTION, &arn).with("ecs:cluster", &found.arn))?;
            wanted.push((id, arn));
        }
        let cluster = found.active()?;
        let with_tags = input
            .include
            .is_some_and(|i| i.contains(&ContainerInstanceField::Tags));
        let (mut described, mut failures) = (Vec::new(), Vec::new());
        for (id, arn) in wanted {
            let row = match id {
                Some(id) => cx.db.container_instance(&home, &cluster.name, &id).await?,
                None => None,
            };
            match row {
                Some(row) => {
                    described
                        .push(container_instance::describe(&mut cx.db, &row, with_tags).await?);
                }
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            container_instances: Some(described),
            failures: Some(failures),
        })
    }
}
