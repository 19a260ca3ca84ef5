//! `ecs:CreateService`

use api::{
    Modeled,
    codec::to_json_string,
    ecs::{
        Error,
        create_service::{CreateService, Input, Output},
    },
};
use ecs::{
    names::is_name,
    service::{Deployment, Service, ServiceStatus},
};
use store::ecs::ServiceRow;

use super::{capacity_providers, cluster, here, services, tags};
use crate::{Access, Cx, Operation, World};

impl Operation for CreateService {
    async fn run(cx: &mut Cx, mut input: Input) -> Result<Output, Error> {
        let found = services::find(cx, input.cluster.as_deref(), &input.service_name).await?;
        let given = input.tags.clone().unwrap_or_default();
        let access = Access::new(Self::ACTION, &found.arn)
            .with("ecs:cluster", &found.cluster.arn)
            .with_some("ecs:task-definition", input.task_definition.clone())
            .with_request_tags(tags::pairs(&given));
        cx.authorize(access)?;
        tags::authorize(cx, &given, Self::NAME, &found.arn)?;
        if !is_name(&input.service_name) {
            return Err(Error::InvalidParameter(
                "Service name contains invalid characters.".to_owned(),
            ));
        }
        let key = found.key.ok_or_else(invalid_name)?;
        let cluster = found.cluster.kept(cx).await?;
        let request = fingerprint(&input);
        let strategy = &mut input.capacity_provider_strategy;
        capacity_providers::use_default(&cluster, input.launch_type, strategy)?;
        services::check_supported(&input)?;
        let (strategy, count) = services::checked_counts(&input)?;
        let revision = services::revision(cx, &input).await?;

        if let Some(row) = cx.db.service(&key).await?
            && let Some(earlier) = earlier_call(&row, &input, &request)?
        {
            let service = services::describe(&mut cx.db, &earlier, true).await?;
            return Ok(Output {
                service: Some(service),
            });
        }
        let place = here(cx).1;
        // What a family alone named is pinned: a later revision takes another deployment.
        let definition = place.task_definition(&revision.family, revision.revision);
        input.task_definition = Some(definition.to_string());
        let details = services::Details::new(&input, tags::to_json(&given)?, request);
        let first = Deployment::new(
            services::new_deployment_id(cx.entropy()),
            &revision.family,
            revision.revision,
            details.settings(),
            cx.now(),
        );
        let rules = services::rules(&input, cx.world.settings.healthy_after_secs);
        let mut service = Service::new(&key.name, strategy, count, rules, first);
        let mut row = ServiceRow {
            key,
            status: String::new(),
            scheduling_strategy: input
                .scheduling_strategy
                .map_or("REPLICA", |s| s.as_str())
                .to_owned(),
            launch_type: services::launch_type(&input).to_string(),
            client_token: input.client_token.clone(),
            details: String::new(),
            state: String::new(),
            created_by: cx.caller.principal.arn(),
            created_at: cx.now(),
            ended_at: None,
            version: 1,
        };
        services::save(cx, &mut row, &details, &mut service).await?;
        cx.after_commit(World::tasks_have_changed);
        Ok(Output {
            service: Some(services::describe(&mut cx.db, &row, true).await?),
        })
    }
}

fn invalid_name() -> Error {
    Error::InvalidParameter("Service name contains invalid characters.".to_owned())
}

/// What the call asks for, without the token that marks its repetitions.
fn fingerprint(input: &Input) -> String {
    let mut input = input.clone();
    input.client_token = None;
    crypto::sha256_hex(to_json_string(&input).as_bytes())
}

/// The service that this very call made before; `None` where one of that name is over.
fn earlier_call(
    row: &ServiceRow,
    input: &Input,
    request: &str,
) -> Result<Option<ServiceRow>, Error> {
    if row.status == cluster::INACTIVE {
        return Ok(None);
    }
    if row.status == ServiceStatus::Draining.as_str() {
        return Err(Error::InvalidParameter(
            "Unable to Start a service that is still Draining.".to_owned(),
        ));
    }
    let (details, _) = services::read(row)?;
    let repeated = input.client_token.is_some() && row.client_token == input.client_token;
    if repeated && details.request == request {
        Ok(Some(row.clone()))
    } else {
        Err(Error::InvalidParameter(
            "Creation of service was not idempotent.".to_owned(),
        ))
    }
}
