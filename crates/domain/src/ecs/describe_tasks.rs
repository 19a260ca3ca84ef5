//! `ecs:DescribeTasks`

use api::{
    Modeled,
    ecs::{
        Error, TaskField,
        describe_tasks::{DescribeTasks, Input, Output},
    },
};

use super::{cluster, here, missing, task};
use crate::{Access, Cx, Operation};

impl Operation for DescribeTasks {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        let (home, place) = here(cx);
        if input.tasks.is_empty() {
            return Err(Error::InvalidParameter("Tasks cannot be empty.".to_owned()));
        }
        if input.tasks.len() > 100 {
            return Err(Error::InvalidParameter(
                "Tasks cannot have more than 100 elements.".to_owned(),
            ));
        }
        let mut wanted = Vec::new();
        for text in &input.tasks {
            let id = place.task_id(&found.name, text).ok();
            let arn = match &id {
                Some(id) => place.task(&found.name, id).to_string(),
                None => text.clone(),
            };
            cx.authorize(Access::new(Self::ACTION, &arn).with("ecs:cluster", &found.arn))?;
            wanted.push((id, arn));
        }
        let cluster = found.active()?;
        let with_tags = input.include.is_some_and(|i| i.contains(&TaskField::Tags));
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for (id, arn) in wanted {
            let row = match id {
                Some(id) => cx.db.task(&home, &cluster.name, &id).await?,
                None => None,
            };
            match row {
                Some(row) => tasks.push(task::describe(&row, with_tags)?),
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            tasks: Some(tasks),
            failures: Some(failures),
        })
    }
}
