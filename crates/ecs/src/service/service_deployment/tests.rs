use super::{super::tests::*, *};
use crate::service::{Rules, Threshold};

fn attempt(service: &Service) -> &ServiceDeployment {
    service.attempt.as_ref().unwrap()
}

fn with_breaker(rollback: bool) -> Rules {
    Rules {
        breaker: Some(breaker(rollback)),
        ..rules()
    }
}

/// Lets the second deployment of the service fail as often as the circuit breaker allows.
fn fail(service: &mut Service) {
    for n in 0..3 {
        service.take_note(&ended(pending("x", 2, 100 + n * 100)), at(101 + n * 100));
    }
}

#[test]
fn an_attempt_waits_starts_and_succeeds_with_its_deployment() {
    let mut service = service(1, rules());
    assert_eq!(attempt(&service).status, DeploymentStatus::Pending);
    look(&mut service, &[], 1);
    let started = attempt(&service);
    assert_eq!(started.status, DeploymentStatus::InProgress);
    assert_eq!(started.started_at, Some(at(1)));
    assert_eq!((started.finished_at, started.sources.len()), (None, 0));
    look(&mut service, &[running("a", 1, 1)], 50);
    let done = attempt(&service);
    assert_eq!(done.status, DeploymentStatus::Successful);
    assert_eq!((done.finished_at, done.stopped_at), (Some(at(50)), None));
    let figures = done.figures.as_ref().unwrap();
    let one = Counts {
        requested: 1,
        running: 1,
        pending: 0,
    };
    assert_eq!((figures.target, figures.threshold), (one, None));
}

#[test]
fn the_next_attempt_begins_from_what_runs_and_the_one_before_is_history() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    assert_eq!(attempt(&service).sources, ["ecs-svc/1"]);
    assert_eq!(service.history.len(), 1);
    assert_eq!(service.history[0].status, DeploymentStatus::Successful);
}

#[test]
fn an_attempt_that_is_overtaken_is_stopped() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    look(&mut service, &old, 101);
    service.deploy(deployment(3, 110));
    let overtaken = &service.history[1];
    assert_eq!(overtaken.status, DeploymentStatus::Stopped);
    assert_eq!(overtaken.finished_at, Some(at(110)));
    assert_eq!(attempt(&service).sources, ["ecs-svc/2", "ecs-svc/1"]);
}

#[test]
fn the_circuit_breaker_rolls_the_attempt_back() {
    let old = [running("a", 1, 0)];
    let mut service = settled(with_breaker(true), &old);
    service.deploy(deployment(2, 100));
    look(&mut service, &old, 100);
    fail(&mut service);
    look(&mut service, &old, 500);
    let back = attempt(&service);
    assert_eq!(back.status, DeploymentStatus::RollbackInProgress);
    assert!(back.tripped && back.finished_at.is_none());
    let way = back.rollback.as_ref().unwrap();
    assert_eq!(way.to.as_deref(), Some("ecs-svc/1"));
    assert_eq!(way.started_at, at(500));
    assert!(way.reason.contains("circuit breaker"));
    look(&mut service, &old, 540);
    let back = attempt(&service);
    assert_eq!(back.status, DeploymentStatus::RollbackSuccessful);
    assert_eq!(back.target.id, "ecs-svc/2");
    assert_eq!(back.figures.as_ref().unwrap().failed, 3);
    // The way back was no attempt of its own.
    assert_eq!(service.history.len(), 1);
}

#[test]
fn without_rollback_the_circuit_breaker_stops_the_attempt() {
    let old = [running("a", 1, 0)];
    let mut service = settled(with_breaker(false), &old);
    service.deploy(deployment(2, 100));
    look(&mut service, &old, 100);
    fail(&mut service);
    look(&mut service, &old, 500);
    let stopped = attempt(&service);
    assert_eq!(stopped.status, DeploymentStatus::Stopped);
    assert_eq!(stopped.stopped_at, Some(at(500)));
    let figures = stopped.figures.as_ref().unwrap();
    assert_eq!((figures.failed, figures.threshold), (3, Some(3)));
}

#[test]
fn a_user_rolls_back_what_has_no_circuit_breaker() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    look(&mut service, &old, 100);
    service.request_stop(true, at(110)).unwrap();
    assert_eq!(
        attempt(&service).status,
        DeploymentStatus::RollbackRequested
    );
    // Asking again changes nothing, however it is asked.
    service.request_stop(false, at(111)).unwrap();
    let tasks = [running("a", 1, 0), running("b", 2, 105)];
    let steps = look(&mut service, &tasks, 112);
    assert_eq!(stopped_ids(&steps), ["b"]);
    assert_eq!(service.deployments[0].id, "ecs-svc/1");
    assert_eq!(
        service.deployments[0].reason,
        "ECS deployment rolling back to deploymentId ecs-svc/1."
    );
    look(&mut service, &old, 200);
    assert_eq!(
        attempt(&service).status,
        DeploymentStatus::RollbackSuccessful
    );
    assert_eq!(service.request_stop(true, at(201)), Err(HasEnded));
}

#[test]
fn a_first_deployment_has_nothing_to_roll_back_to() {
    let mut service = service(1, rules());
    look(&mut service, &[], 1);
    service.request_stop(true, at(2)).unwrap();
    let steps = look(&mut service, &[pending("a", 1, 1)], 3);
    assert_eq!(attempt(&service).status, DeploymentStatus::RollbackFailed);
    assert_eq!(service.deployments[0].rollout, Rollout::Failed);
    assert!(steps.start.is_empty() && steps.stop.is_empty());
}

#[test]
fn an_aborted_attempt_leaves_everything_as_it_is_and_starts_nothing() {
    let old = [running("a", 1, 0), running("b", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    look(&mut service, &old, 100);
    service.request_stop(false, at(110)).unwrap();
    assert_eq!(attempt(&service).status, DeploymentStatus::StopRequested);
    let tasks = [running("a", 1, 0), running("b", 1, 0), pending("c", 2, 101)];
    let steps = look(&mut service, &tasks, 111);
    let stopped = attempt(&service);
    assert_eq!(stopped.status, DeploymentStatus::Stopped);
    assert_eq!(stopped.stopped_at, Some(at(111)));
    assert!(steps.start.is_empty() && steps.stop.is_empty());
}

#[test]
fn the_attempt_of_a_deleted_service_is_stopped() {
    let mut service = service(1, rules());
    look(&mut service, &[], 1);
    service.drain();
    look(&mut service, &[pending("a", 1, 1)], 5);
    assert_eq!(attempt(&service).status, DeploymentStatus::Stopped);
}

#[test]
fn revisions_are_known_for_as_long_as_the_service_remembers_them() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    assert_eq!(service.revision("ecs-svc/1").unwrap().revision, 1);
    assert_eq!(service.revision("ecs-svc/2").unwrap().revision, 2);
    assert_eq!(service.revision("ecs-svc/3"), None);
}

#[test]
fn what_was_stored_before_there_were_attempts_is_read() {
    let service = service(1, rules());
    let mut stored = serde_json::to_value(&service).unwrap();
    stored.as_object_mut().unwrap().remove("attempt");
    let mut read: Service = serde_json::from_value(stored).unwrap();
    assert_eq!(read.attempt, None);
    assert_eq!(read.request_stop(true, at(1)), Err(HasEnded));
    assert_eq!(Threshold::default().failures(1), 3);
}
