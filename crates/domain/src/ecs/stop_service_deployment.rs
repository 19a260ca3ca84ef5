//! `ecs:StopServiceDeployment`

use api::{
    Modeled,
    ecs::{
        Error, StopServiceDeploymentStopType,
        stop_service_deployment::{Input, Output, StopServiceDeployment},
    },
};

use super::{
    here,
    services::{self, Attempt},
};
use crate::{Cx, Operation, World};

impl Operation for StopServiceDeployment {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arn = input.service_deployment_arn;
        let named = here(cx).1.of_service_deployment(&arn);
        let named = services::authorized(cx, Self::ACTION, &arn, named)?;
        let missing =
            || Error::ServiceDeploymentNotFound("Service deployment not found.".to_owned());
        let mut row = services::of(cx, &named).await?.ok_or_else(missing)?;
        Attempt::find(&mut cx.db, &row, &named.id)
            .await?
            .ok_or_else(missing)?;

        let (details, mut service) = services::read(&row)?;
        let is_last = service
            .attempt
            .as_ref()
            .is_some_and(|one| one.id == named.id);
        // AWS: going back is what it does unless told otherwise.
        let roll_back = input.stop_type != Some(StopServiceDeploymentStopType::Abort);
        if !is_last || service.request_stop(roll_back, cx.now()).is_err() {
            return Err(Error::Conflict(
                "The service deployment has ended and cannot be stopped.".to_owned(),
            ));
        }
        services::save(cx, &mut row, &details, &mut service).await?;
        cx.after_commit(World::tasks_have_changed);
        Ok(Output {
            service_deployment_arn: Some(arn),
        })
    }
}
