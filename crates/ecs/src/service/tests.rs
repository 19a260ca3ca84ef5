use super::*;
use crate::reasons::StopCode;

const BEGIN: i64 = 1_000_000;

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(BEGIN + secs)
}

pub(super) fn rules() -> Rules {
    Rules {
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        breaker: None,
        grace_secs: 0,
        healthy_after_secs: 40,
    }
}

pub(super) fn breaker(rollback: bool) -> Breaker {
    Breaker {
        rollback,
        threshold: Threshold::default(),
        reset_on_healthy_task: true,
    }
}

pub(super) fn deployment(n: u32, secs: i64) -> Deployment {
    let id = format!("ecs-svc/{n}");
    Deployment::new(id, "web", i64::from(n), String::new(), at(secs))
}

pub(super) fn service(desired_count: usize, rules: Rules) -> Service {
    Service::new(
        "web",
        Strategy::Replica,
        desired_count,
        rules,
        deployment(1, 0),
    )
}

/// A task of this deployment that has run since the moment.
pub(super) fn running(id: &str, of: u32, since: i64) -> Task {
    Task {
        id: id.to_owned(),
        deployment: format!("ecs-svc/{of}"),
        status: Status::Running,
        wanted: true,
        health: None,
        created_at: at(since),
        started_at: Some(at(since)),
        ended_by: EndedBy::Itself,
        instance: Some("one".to_owned()),
    }
}

pub(super) fn pending(id: &str, of: u32, since: i64) -> Task {
    Task {
        status: Status::Pending,
        started_at: None,
        ..running(id, of, since)
    }
}

pub(super) fn ended(task: Task) -> Task {
    Task {
        status: Status::Stopped,
        wanted: false,
        ..task
    }
}

pub(super) fn look(service: &mut Service, tasks: &[Task], secs: i64) -> Steps {
    let instances = Instances {
        active: vec!["one".to_owned()],
        ready: vec!["one".to_owned()],
    };
    service.advance(tasks, &instances, at(secs));
    service.steps(tasks, &instances, at(secs))
}

pub(super) fn stopped_ids(steps: &Steps) -> Vec<&str> {
    steps.stop.iter().map(|stop| stop.task.as_str()).collect()
}

pub(super) fn messages(service: &Service) -> Vec<&str> {
    service.events.iter().map(|e| e.message.as_str()).collect()
}

/// A service whose first deployment is completed, with these tasks.
pub(super) fn settled(rules: Rules, tasks: &[Task]) -> Service {
    let mut service = service(tasks.len(), rules);
    look(&mut service, tasks, 100);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
    service
}

#[test]
fn the_floor_is_rounded_up_and_the_ceiling_down() {
    let rules = Rules {
        minimum_healthy_percent: 50,
        maximum_percent: 150,
        ..rules()
    };
    assert_eq!((rules.floor(3), rules.ceiling(3)), (2, 4));
    assert_eq!((rules.floor(1), rules.ceiling(1)), (1, 1));
    assert_eq!((rules.floor(0), rules.ceiling(0)), (0, 0));
}

#[test]
fn thresholds_are_kept_between_3_and_200_unless_they_are_unbounded() {
    let bounded = Threshold::default();
    assert_eq!(bounded.failures(1), 3);
    assert_eq!(bounded.failures(7), 4);
    assert_eq!(bounded.failures(1000), 200);
    assert_eq!(Threshold::UnboundedPercent(50).failures(1000), 500);
    assert_eq!(Threshold::UnboundedPercent(1).failures(1), 1);
    assert_eq!(Threshold::Count(7).failures(1), 7);
}

#[test]
fn a_new_service_starts_what_it_wants_and_is_steady_once_all_of_it_is_healthy() {
    let mut service = service(2, rules());
    assert_eq!(look(&mut service, &[], 0).start.len(), 2);
    let tasks = [running("a", 1, 1), running("b", 1, 2)];
    let steps = look(&mut service, &tasks, 10);
    assert_eq!(service.deployments[0].rollout, Rollout::InProgress);
    assert_eq!(
        service.deployments[0].reason,
        "ECS deployment ecs-svc/1 in progress."
    );
    assert_eq!(steps.look_again_at, Some(at(41)));
    look(&mut service, &tasks, 42);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
    assert_eq!(
        messages(&service),
        [
            "(service web) has reached a steady state.",
            "(service web) (deployment ecs-svc/1) deployment completed."
        ]
    );
}

#[test]
fn a_deployment_starts_beside_the_old_tasks_and_stops_them_once_the_new_ones_are_healthy() {
    let old = [running("a", 1, 0), running("b", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    let steps = look(&mut service, &old, 100);
    assert_eq!((steps.start.len(), steps.stop.len()), (2, 0));
    let [a, b] = old;
    let tasks = [a, b, running("c", 2, 101), pending("d", 2, 101)];
    assert_eq!(
        look(&mut service, &tasks, 110),
        Steps {
            look_again_at: Some(at(141)),
            ..Steps::default()
        }
    );
    let steps = look(&mut service, &tasks, 141);
    assert_eq!(stopped_ids(&steps), ["a"]);
    assert_eq!(steps.stop[0].why.code, StopCode::ServiceSchedulerInitiated);
    assert_eq!(
        steps.stop[0].why.reason,
        "Scaling activity initiated by (deployment ecs-svc/1)"
    );
}

#[test]
fn health_checks_decide_where_there_are_any() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    let mut new = running("b", 2, 100);
    new.health = Some(Health::Unknown);
    let [a] = old;
    assert!(
        look(&mut service, &[a.clone(), new.clone()], 1000)
            .stop
            .is_empty()
    );
    new.health = Some(Health::Healthy);
    assert_eq!(stopped_ids(&look(&mut service, &[a, new], 1001)), ["a"]);
}

fn unhealthy(id: &str, of: u32, since: i64) -> Task {
    Task {
        health: Some(Health::Unhealthy),
        ..running(id, of, since)
    }
}

fn healthy(id: &str, of: u32, since: i64) -> Task {
    Task {
        health: Some(Health::Healthy),
        ..running(id, of, since)
    }
}

#[test]
fn an_unhealthy_task_is_replaced_before_it_is_stopped_and_counts_as_failed() {
    let mut service = service(1, rules());
    let task = unhealthy("a", 1, 0);
    let steps = look(&mut service, std::slice::from_ref(&task), 50);
    assert_eq!((steps.start.len(), steps.replacing), (1, 1));
    assert!(steps.stop.is_empty());
    service.started(&["b".to_owned()], steps.replacing, at(50));
    let waiting = [task.clone(), pending("b", 1, 50)];
    assert_eq!(look(&mut service, &waiting, 55), Steps::default());
    let steps = look(&mut service, &[task.clone(), healthy("b", 1, 50)], 60);
    assert_eq!(stopped_ids(&steps), ["a"]);
    assert_eq!(
        steps.stop[0].why.reason,
        "Task failed container health checks"
    );
    service.stopped(&steps.stop, at(60));
    assert_eq!(
        messages(&service),
        [
            "(service web) has stopped 1 running tasks: (task a).",
            "(service web) (task a) failed container health checks.",
            "(service web) has started 1 tasks: (task b). Amazon ECS replaced 1 tasks due to an unhealthy status.",
        ]
    );
    let task = Task {
        ended_by: EndedBy::Health,
        ..task
    };
    service.take_note(&ended(task), at(62));
    assert_eq!(service.deployments[0].failed_tasks, 1);
}

#[test]
fn an_unhealthy_task_goes_first_where_there_is_no_room_beside_it_one_after_the_other() {
    let tight = Rules {
        minimum_healthy_percent: 0,
        maximum_percent: 100,
        ..rules()
    };
    let mut service = service(3, tight);
    let mut tasks = vec![
        unhealthy("a", 1, 0),
        unhealthy("b", 1, 1),
        healthy("c", 1, 2),
    ];
    let steps = look(&mut service, &tasks, 50);
    assert_eq!((steps.start.len(), stopped_ids(&steps)), (0, vec!["a"]));
    tasks[0].wanted = false;
    assert!(look(&mut service, &tasks, 51).stop.is_empty());
    tasks.remove(0);
    let steps = look(&mut service, &tasks, 52);
    assert_eq!((steps.start.len(), stopped_ids(&steps)), (1, vec!["a"; 0]));
}

#[test]
fn a_task_that_recovers_stays_and_what_was_to_replace_it_goes() {
    let mut service = service(1, rules());
    let tasks = [healthy("a", 1, 0), pending("b", 1, 50)];
    assert_eq!(stopped_ids(&look(&mut service, &tasks, 60)), ["b"]);
}

#[test]
fn a_task_of_an_earlier_deployment_that_is_not_healthy_goes_when_a_new_one_has_its_place() {
    let old = [healthy("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.deploy(deployment(2, 100));
    let tasks = [unhealthy("a", 1, 0), pending("b", 2, 101)];
    assert!(look(&mut service, &tasks, 110).stop.is_empty());
    let steps = look(
        &mut service,
        &[unhealthy("a", 1, 0), healthy("b", 2, 101)],
        120,
    );
    assert_eq!(
        steps.stop[0].why.reason,
        "Task failed container health checks"
    );
}

#[test]
fn within_the_grace_period_nothing_follows_from_health() {
    let rules = Rules {
        grace_secs: 60,
        ..rules()
    };
    let mut service = service(1, rules);
    let mut task = running("a", 1, 0);
    task.health = Some(Health::Unhealthy);
    let steps = look(&mut service, std::slice::from_ref(&task), 50);
    assert_eq!((steps.start.len(), steps.look_again_at), (0, Some(at(60))));
    assert_eq!(look(&mut service, &[task], 60).start.len(), 1);
}

#[test]
fn where_nothing_can_be_started_beside_the_old_tasks_they_make_room_down_to_the_floor() {
    let tight = Rules {
        minimum_healthy_percent: 50,
        maximum_percent: 100,
        ..rules()
    };
    let old: Vec<Task> = ["a", "b", "c"].map(|id| running(id, 1, 0)).into();
    let mut service = settled(tight, &old);
    service.deploy(deployment(2, 100));
    let steps = look(&mut service, &old, 100);
    assert_eq!((steps.start.len(), stopped_ids(&steps)), (0, vec!["a"]));
}

#[test]
fn limits_that_let_nothing_happen_are_noticed() {
    let tight = Rules {
        maximum_percent: 100,
        ..rules()
    };
    let old = [running("a", 1, 0)];
    let mut service = settled(tight, &old);
    service.deploy(deployment(2, 100));
    let steps = look(&mut service, &old, 100);
    assert!(steps.stuck && steps.start.is_empty() && steps.stop.is_empty());
}

#[test]
fn attempts_that_fail_in_a_row_make_the_pauses_longer_up_to_a_quarter_of_an_hour() {
    let mut service = service(2, rules());
    let (mut now, mut pauses) = (0, Vec::new());
    for _ in 0..14 {
        // Two tasks that were started together are one attempt.
        for id in ["a", "b"] {
            service.take_note(&ended(pending(id, 1, now)), at(now + 1));
        }
        let steps = look(&mut service, &[], now + 1);
        assert!(steps.start.is_empty());
        let next = steps.look_again_at.unwrap().as_secs() - BEGIN;
        pauses.push(next - (now + 1));
        now = next;
        assert_eq!(look(&mut service, &[], now).start.len(), 2);
    }
    assert_eq!(pauses[..4], [1, 2, 4, 8]);
    assert_eq!(pauses[13], 900);
    let complaint = "(service web) is unable to consistently start tasks successfully.";
    assert_eq!(messages(&service), [complaint]);
    look(&mut service, &[running("c", 1, now)], now);
    assert_eq!(look(&mut service, &[], now).start.len(), 2);
}

#[test]
fn a_task_that_ran_and_ended_delays_nothing_and_counts_for_nothing() {
    let mut service = service(1, rules());
    service.take_note(&ended(running("a", 1, 0)), at(3));
    assert_eq!(look(&mut service, &[], 3).start.len(), 1);
    assert_eq!(service.deployments[0].failed_tasks, 0);
}

#[test]
fn the_circuit_breaker_fails_a_deployment_which_then_starts_nothing() {
    let mut service = service(
        1,
        Rules {
            breaker: Some(breaker(true)),
            ..rules()
        },
    );
    for n in 0..3 {
        service.take_note(&ended(pending("a", 1, n * 100)), at(n * 100 + 1));
    }
    let steps = look(&mut service, &[], 5000);
    assert!(steps.start.is_empty());
    let failed = &service.deployments[0];
    assert_eq!((failed.rollout, failed.failed_tasks), (Rollout::Failed, 3));
    assert_eq!(
        failed.reason,
        "ECS deployment circuit breaker: tasks failed to start."
    );
}

#[test]
fn a_failed_deployment_is_rolled_back_to_the_last_completed_one_whose_tasks_go_on() {
    let old = [running("a", 1, 0)];
    let mut service = settled(
        Rules {
            breaker: Some(breaker(true)),
            ..rules()
        },
        &old,
    );
    service.deploy(deployment(2, 100));
    for n in 0..3 {
        service.take_note(&ended(pending("x", 2, 100 + n * 100)), at(101 + n * 100));
    }
    let steps = look(&mut service, &old, 500);
    assert_eq!((steps.start.len(), steps.stop.len()), (0, 0));
    assert_eq!(service.deployments.len(), 2);
    let primary = &service.deployments[0];
    assert_eq!(primary.id, "ecs-svc/1");
    assert_eq!(
        primary.reason,
        "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
    );
    // The failed one stays to be seen for a while.
    look(&mut service, &old, 510);
    assert_eq!(service.deployments[1].rollout, Rollout::Failed);
    look(&mut service, &old, 540);
    assert_eq!(service.deployments.len(), 1);
    assert_eq!(service.deployments[0].rollout, Rollout::Completed);
    let said = messages(&service);
    assert!(said.contains(
        &"(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."
    ));
    assert!(said.contains(&"(service web) rolling back to deployment ecs-svc/1."));
}

#[test]
fn without_rollback_a_failed_deployment_leaves_the_old_tasks() {
    let old = [running("a", 1, 0)];
    let mut service = settled(
        Rules {
            breaker: Some(breaker(false)),
            ..rules()
        },
        &old,
    );
    service.deploy(deployment(2, 100));
    for n in 0..3 {
        service.found_no_place("nothing fits.", at(100 + n * 100));
    }
    let steps = look(&mut service, &old, 5000);
    assert_eq!(service.deployments[0].rollout, Rollout::Failed);
    assert_eq!((steps.start.len(), steps.stop.len()), (0, 0));
}

#[test]
fn a_deleted_service_stops_its_tasks_and_is_then_inactive() {
    let old = [running("a", 1, 0)];
    let mut service = settled(rules(), &old);
    service.drain();
    assert_eq!(stopped_ids(&look(&mut service, &old, 200)), ["a"]);
    assert_eq!(service.status, ServiceStatus::Draining);
    assert_eq!(look(&mut service, &[], 201), Steps::default());
    assert_eq!(service.status, ServiceStatus::Inactive);
}

#[test]
fn fewer_tasks_end_the_youngest() {
    let tasks = [running("a", 1, 0), running("b", 1, 5), pending("c", 1, 3)];
    let mut service = service(3, rules());
    service.scale(1);
    assert_eq!(stopped_ids(&look(&mut service, &tasks, 200)), ["c", "b"]);
}

#[test]
fn a_daemon_has_one_task_on_each_instance_and_replaces_it_in_place() {
    let instances = Instances {
        active: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
        ready: vec!["one".to_owned(), "two".to_owned()],
    };
    let rules = Rules {
        minimum_healthy_percent: 0,
        maximum_percent: 100,
        ..rules()
    };
    let mut service = Service::new("web", Strategy::Daemon, 0, rules, deployment(1, 0));
    let steps = service.steps(&[], &instances, at(0));
    let places: Vec<_> = steps.start.iter().filter_map(|s| s.on.clone()).collect();
    assert_eq!(places, ["one", "two"]);

    let on = |id: &str, of, instance: &str| Task {
        instance: Some(instance.to_owned()),
        ..running(id, of, 0)
    };
    let tasks = [on("a", 1, "one"), on("b", 1, "two"), on("c", 1, "gone")];
    let steps = service.steps(&tasks, &instances, at(100));
    assert_eq!(stopped_ids(&steps), ["c"]);
    service.deploy(deployment(2, 100));
    let steps = service.steps(&tasks[..2], &instances, at(100));
    // There is room for one more, but not on an instance that has its task.
    assert_eq!(
        (steps.start.len(), stopped_ids(&steps)),
        (0, vec!["a", "b"])
    );
    let mut ending = tasks[0].clone();
    ending.wanted = false;
    let steps = service.steps(&[ending], &instances, at(101));
    assert_eq!(
        steps.start,
        [Start {
            on: Some("two".to_owned())
        }]
    );
}

#[test]
fn the_same_is_not_said_again_within_six_hours_unless_a_steady_state_came_between() {
    let mut service = service(1, rules());
    let said = |service: &Service| {
        let text = "(service web) was unable to place a task because nothing fits.";
        messages(service).iter().filter(|one| **one == text).count()
    };
    service.found_no_place("nothing fits.", at(0));
    service.found_no_place("nothing fits.", at(60));
    assert_eq!(said(&service), 1);
    service.found_no_place("nothing fits.", at(6 * 60 * 60 + 1));
    assert_eq!(said(&service), 2);
    look(&mut service, &[running("a", 1, 0)], 6 * 60 * 60 + 60);
    service.found_no_place("nothing fits.", at(6 * 60 * 60 + 90));
    assert_eq!(said(&service), 3);
    for n in 0..200 {
        service.say(&format!("{n}"), at(100_000 + n));
    }
    assert_eq!(service.events.len(), 100);
}

#[test]
fn a_steady_state_is_repeated_every_six_hours() {
    let tasks = [running("a", 1, 0)];
    let mut service = settled(rules(), &tasks);
    look(&mut service, &tasks, 200);
    assert_eq!(service.events.len(), 2);
    look(&mut service, &tasks, 100 + 6 * 60 * 60);
    assert_eq!(service.events.len(), 3);
}
