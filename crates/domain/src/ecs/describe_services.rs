//! `ecs:DescribeServices`

use api::{
    Modeled,
    ecs::{
        Error, ServiceField,
        describe_services::{DescribeServices, Input, Output},
    },
};

use super::{cluster, missing, services};
use crate::{Access, Cx, Operation};

/// The limit of one call.
const MOST: usize = 10;

impl Operation for DescribeServices {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        if input.services.is_empty() {
            return Err(Error::InvalidParameter(
                "Services cannot be empty.".to_owned(),
            ));
        }
        if input.services.len() > MOST {
            return Err(Error::InvalidParameter(format!(
                "Services cannot have more than {MOST} elements."
            )));
        }
        let mut wanted = Vec::new();
        for text in &input.services {
            let found = services::find(cx, input.cluster.as_deref(), text).await?;
            cx.authorize(
                Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.cluster.arn),
            )?;
            wanted.push(found);
        }
        cluster::find(cx, input.cluster.as_deref())
            .await?
            .active()?;
        let with_tags = input
            .include
            .is_some_and(|include| include.contains(&ServiceField::Tags));
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for found in wanted {
            let arn = found.arn.clone();
            match found.row(cx).await? {
                Some(row) => rows.push(row),
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            services: Some(services::describe_many(&mut cx.db, &rows, with_tags).await?),
            failures: Some(failures),
        })
    }
}
