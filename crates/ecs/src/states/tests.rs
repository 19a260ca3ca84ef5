use proptest::prelude::*;

use super::*;
use crate::reasons::StopCode;

/// A container that nothing was reported of yet.
pub(crate) fn container(name: &str, essential: bool) -> ContainerState {
    ContainerState {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        image: "busybox".to_owned(),
        essential,
        cpu: "0".to_owned(),
        memory: Some("64".to_owned()),
        memory_reservation: None,
        last_status: Status::Pending,
        image_digest: None,
        runtime_id: None,
        exit_code: None,
        reason: None,
        network_bindings: Vec::new(),
        health: None,
    }
}

fn task() -> Progress {
    let mut task = Progress::new(vec![container("app", true), container("side", false)]);
    task.place();
    task
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn report(status: Status, containers: &[(&str, Status, Option<i32>)]) -> TaskReport {
    TaskReport {
        status: Some(status),
        containers: containers
            .iter()
            .map(|(name, status, exit_code)| ContainerReport {
                name: (*name).to_owned(),
                status: Some(*status),
                exit_code: *exit_code,
                ..ContainerReport::default()
            })
            .collect(),
        ..TaskReport::default()
    }
}

#[test]
fn a_task_that_runs_well_is_pending_then_running_then_stopped() {
    let mut task = task();
    task.fold(
        &report(Status::Pending, &[("app", Status::Pending, None)]),
        at(1),
    );
    assert_eq!((task.last_status, task.started_at), (Status::Pending, None));
    task.fold(
        &report(Status::Running, &[("app", Status::Running, None)]),
        at(2),
    );
    assert_eq!(task.started_at, Some(at(2)));
    task.fold(
        &report(Status::Stopped, &[("app", Status::Stopped, Some(3))]),
        at(3),
    );
    assert_eq!(task.last_status, Status::Stopped);
    assert!(!task.wanted);
    assert_eq!(task.stop.unwrap().code, StopCode::EssentialContainerExited);
    assert_eq!(task.containers[0].exit_code, Some(3));
    assert_eq!(
        (task.stopping_at, task.stopped_at),
        (Some(at(3)), Some(at(3)))
    );
}

#[test]
fn several_states_of_one_container_in_one_report_end_in_the_last() {
    let mut task = task();
    task.fold(
        &report(
            Status::Stopped,
            &[
                ("app", Status::Pending, None),
                ("app", Status::Running, None),
                ("app", Status::Stopped, Some(0)),
            ],
        ),
        at(1),
    );
    assert_eq!(task.containers[0].last_status, Status::Stopped);
    assert_eq!(task.containers[0].exit_code, Some(0));
}

#[test]
fn an_exit_code_may_come_with_a_running_container() {
    let mut task = task();
    task.fold(
        &report(Status::Running, &[("app", Status::Running, Some(0))]),
        at(1),
    );
    assert_eq!(task.last_status, Status::Running);
    assert!(task.wanted);
    assert_eq!(task.containers[0].exit_code, Some(0));
}

#[test]
fn an_essential_container_that_stops_makes_its_task_unwanted_at_once() {
    let mut task = task();
    task.fold(&report(Status::Running, &[]), at(1));
    task.fold(
        &report(Status::Running, &[("side", Status::Stopped, Some(1))]),
        at(2),
    );
    assert!(task.wanted);
    task.fold(
        &report(Status::Running, &[("app", Status::Stopped, Some(1))]),
        at(3),
    );
    assert!(!task.wanted);
    assert_eq!(task.last_status, Status::Running);
    assert_eq!(task.stopping_at, Some(at(3)));
    task.fold(&report(Status::Stopped, &[]), at(9));
    assert_eq!(
        task.stop.unwrap().reason,
        "Essential container in task exited"
    );
}

#[test]
fn the_users_reason_outlives_what_the_containers_say() {
    let mut task = task();
    task.fold(&report(Status::Running, &[]), at(1));
    task.request_stop(Stop::by_user(Some("enough")), at(2));
    task.request_stop(Stop::by_user(Some("again")), at(3));
    task.fold(
        &report(Status::Stopped, &[("app", Status::Stopped, Some(137))]),
        at(4),
    );
    assert_eq!(task.stop, Some(Stop::by_user(Some("enough"))));
    assert_eq!(task.stopping_at, Some(at(2)));
}

#[test]
fn a_container_report_alone_does_not_move_its_task() {
    let mut task = task();
    let mut only_containers = report(Status::Running, &[("app", Status::Running, None)]);
    only_containers.status = None;
    task.fold(&only_containers, at(1));
    assert_eq!(task.last_status, Status::Pending);
    assert_eq!(task.containers[0].last_status, Status::Running);
}

fn networked() -> Progress {
    let mut task = Progress::new(vec![container("app", true), container("side", false)]);
    task.interface = Interface::Detached;
    task
}

fn attached(attached: bool, mut report: TaskReport) -> TaskReport {
    report.attached = Some(attached);
    report
}

#[test]
fn a_task_with_an_interface_is_stopped_through_every_state() {
    let mut task = networked();
    task.place();
    assert_eq!(task.last_status, Status::Provisioning);
    task.hand_over();
    assert_eq!(task.last_status, Status::Pending);
    task.fold(&report(Status::Pending, &[]), at(1));
    assert_eq!(
        (task.last_status, task.connectivity_at),
        (Status::Activating, Some(at(1)))
    );
    task.fold(&attached(true, report(Status::Running, &[])), at(2));
    assert_eq!(
        (task.last_status, task.interface, task.started_at),
        (Status::Running, Interface::Attached, Some(at(2)))
    );
    task.request_stop(Stop::by_user(None), at(3));
    assert_eq!(task.last_status, Status::Deactivating);
    task.stop_handed_over();
    assert_eq!(task.last_status, Status::Stopping);
    let ended = report(Status::Stopped, &[("app", Status::Stopped, Some(0))]);
    task.fold(&attached(true, ended.clone()), at(4));
    assert_eq!(
        (task.last_status, task.stopped_at),
        (Status::Deprovisioning, None)
    );
    assert!(
        task.containers
            .iter()
            .all(|c| c.last_status == Status::Stopped)
    );
    task.fold(&attached(false, ended), at(5));
    assert_eq!(
        (task.last_status, task.stopping_at, task.stopped_at),
        (Status::Stopped, Some(at(3)), Some(at(5)))
    );
    assert_eq!(task.connectivity_at, Some(at(1)));
}

#[test]
fn a_task_with_an_interface_that_ends_by_itself_is_neither_deactivated_nor_stopping() {
    let mut task = networked();
    task.hand_over();
    task.fold(&attached(true, report(Status::Running, &[])), at(1));
    let exited = report(Status::Running, &[("app", Status::Stopped, Some(1))]);
    task.fold(&attached(true, exited), at(2));
    assert_eq!((task.last_status, task.wanted), (Status::Running, false));
    task.fold(&attached(true, report(Status::Stopped, &[])), at(3));
    assert_eq!(task.last_status, Status::Deprovisioning);
}

#[test]
fn a_task_without_an_interface_has_none_of_its_states() {
    let mut task = task();
    task.fold(&report(Status::Pending, &[]), at(1));
    assert_eq!(task.last_status, Status::Pending);
    task.fold(&report(Status::Running, &[]), at(2));
    task.request_stop(Stop::by_user(None), at(3));
    assert_eq!(task.last_status, Status::Running);
    task.stop_handed_over();
    assert_eq!(task.last_status, Status::Stopping);
    task.fold(&attached(true, report(Status::Stopped, &[])), at(4));
    assert_eq!(task.last_status, Status::Stopped);
}

#[test]
fn a_task_whose_agent_says_nothing_of_its_interface_does_not_wait_for_it() {
    let mut task = networked();
    task.hand_over();
    task.fold(&attached(true, report(Status::Running, &[])), at(1));
    task.fold(&report(Status::Stopped, &[]), at(2));
    assert_eq!(
        (task.last_status, task.interface),
        (Status::Stopped, Interface::Detached)
    );
}

#[test]
fn a_task_that_lost_its_instance_does_not_wait_for_its_interface() {
    let mut task = networked();
    task.hand_over();
    task.fold(&attached(true, report(Status::Running, &[])), at(1));
    task.end_without_agent(at(2));
    assert_eq!(task.last_status, Status::Running);
    task.fold(&attached(true, report(Status::Stopped, &[])), at(3));
    task.end_without_agent(at(4));
    assert_eq!(
        (task.last_status, task.stopped_at),
        (Status::Stopped, Some(at(4)))
    );
}

#[test]
fn a_task_that_starts_though_it_is_to_stop_has_run() {
    let mut task = networked();
    task.hand_over();
    task.fold(&report(Status::Pending, &[]), at(1));
    task.request_stop(Stop::by_user(None), at(2));
    assert_eq!(task.last_status, Status::Activating);
    task.fold(&attached(true, report(Status::Running, &[])), at(3));
    assert_eq!(
        (task.last_status, task.started_at),
        (Status::Deactivating, Some(at(3)))
    );
}

#[test]
fn pending_is_what_is_on_its_way_to_running() {
    let pending: Vec<_> = Status::ALL.into_iter().filter(|s| s.is_pending()).collect();
    assert_eq!(
        pending,
        [Status::Provisioning, Status::Pending, Status::Activating]
    );
    for status in Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(status));
    }
}

fn any_status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Pending),
        Just(Status::Running),
        Just(Status::Stopped)
    ]
}

fn any_report() -> impl Strategy<Value = TaskReport> {
    let containers = proptest::collection::vec(
        (
            prop_oneof![Just("app"), Just("side"), Just("stranger")],
            any_status(),
            proptest::option::of(0..200i32),
        ),
        0..4,
    );
    let attached = proptest::option::of(any::<bool>());
    (any_status(), containers, attached).prop_map(|(status, containers, attached)| TaskReport {
        attached,
        ..report(status, &containers)
    })
}

fn any_task() -> impl Strategy<Value = Progress> {
    any::<bool>().prop_map(|with_interface| {
        let mut task = if with_interface { networked() } else { task() };
        task.hand_over();
        task
    })
}

proptest! {
    #[test]
    fn a_report_taken_twice_changes_nothing_more(task in any_task(), reports in proptest::collection::vec(any_report(), 1..6)) {
        let mut once = task.clone();
        let mut twice = task;
        for (now, report) in reports.iter().enumerate() {
            let now = at(i64::try_from(now).unwrap());
            once.fold(report, now);
            twice.fold(report, now);
            twice.fold(report, now);
        }
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn statuses_never_go_back_and_a_stopped_task_stays_as_it_is(mut task in any_task(), stop_at in 0..6_usize, reports in proptest::collection::vec(any_report(), 1..6)) {
        for (n, report) in reports.iter().enumerate() {
            let before = task.clone();
            let now = at(i64::try_from(n).unwrap());
            if n == stop_at {
                task.request_stop(Stop::by_user(None), now);
                task.stop_handed_over();
            }
            task.fold(report, now);
            prop_assert!(task.last_status >= before.last_status);
            prop_assert!(before.wanted || !task.wanted);
            if before.last_status == Status::Stopped {
                prop_assert_eq!((&task.stop, task.stopped_at), (&before.stop, before.stopped_at));
            }
            if task.last_status == Status::Stopped {
                prop_assert!(task.stop.is_some() && task.stopped_at.is_some() && !task.wanted);
            }
        }
    }
}
