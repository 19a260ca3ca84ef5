//! `ecs:DeleteService`

use api::{
    Modeled,
    ecs::{
        Error,
        delete_service::{DeleteService, Input, Output},
    },
};
use ecs::service::Strategy;

use super::{cluster, services};
use crate::{Access, Cx, Operation, World};

impl Operation for DeleteService {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = services::find(cx, input.cluster.as_deref(), &input.service).await?;
        cx.authorize(
            Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.cluster.arn),
        )?;
        let mut row = found.existing(cx).await?;
        if row.status == cluster::ACTIVE {
            let (details, mut service) = services::read(&row)?;
            let scaled = service.strategy == Strategy::Replica && service.desired_count > 0;
            if scaled && input.force != Some(true) {
                return Err(Error::InvalidParameter(
                    "The service cannot be stopped while it is scaled above 0.".to_owned(),
                ));
            }
            service.drain();
            services::save(cx, &mut row, &details, &mut service).await?;
            cx.after_commit(World::tasks_have_changed);
        } else if row.status == cluster::INACTIVE {
            // AWS: a service that is over is there to be described, and for nothing else.
            return Err(Error::ServiceNotFound("Service not found.".to_owned()));
        }
        Ok(Output {
            service: Some(services::describe(&mut cx.db, &row, true).await?),
        })
    }
}
