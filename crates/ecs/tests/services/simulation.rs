//! Two hundred services and more than ten thousand tasks, through deployments and failures.

use ecs::service::{Breaker, Rollout, Rules, ServiceStatus, Strategy, Threshold};
use types::{Entropy, OsEntropy, Timestamp};

use crate::{
    cluster::Simulated,
    fate::{Chance, Kind, Report},
};

const SERVICES: usize = 200;
const TASKS: usize = 10_000;
/// Nothing is done to the services any more after this; they have until the end to settle.
const QUIET_FROM_SECS: i64 = 60 * 60;
const END_SECS: i64 = 2 * 60 * 60;

pub fn rules(chance: &Chance) -> Rules {
    let limits = [
        (100, 200),
        (50, 100),
        (50, 200),
        (0, 100),
        (75, 150),
        (100, 150),
    ];
    let (minimum_healthy_percent, maximum_percent) =
        limits[usize::try_from(chance.below(6)).unwrap()];
    Rules {
        minimum_healthy_percent,
        maximum_percent,
        breaker: chance.percent(60).then(|| Breaker {
            rollback: chance.percent(70),
            threshold: Threshold::default(),
            reset_on_healthy_task: chance.percent(80),
        }),
        grace_secs: 0,
        healthy_after_secs: 40,
    }
}

pub fn kind(chance: &Chance) -> Kind {
    let kinds = [
        Kind::Good,
        Kind::Checked,
        Kind::Shaky,
        Kind::Unstartable,
        Kind::Sick,
    ];
    kinds[usize::try_from(chance.below(5)).unwrap()]
}

/// Something happens to a service that nobody asked its scheduler about.
pub fn disturb(one: &mut Simulated, chance: &Chance, now: Timestamp) {
    match chance.below(10) {
        0..=3 => one.deploy(kind(chance), now),
        4 => one
            .service
            .scale(usize::try_from(chance.below(80)).unwrap()),
        5 if chance.percent(10) => one.service.drain(),
        // Containers are killed.
        _ => {
            let victims: Vec<String> = one.tasks.keys().cloned().collect();
            for victim in victims.into_iter().filter(|_| chance.percent(20)) {
                one.reports.push((now, victim, Report::Exited));
            }
        }
    }
    one.interrupt(now);
}

#[test]
fn ten_thousand_tasks_of_two_hundred_services_settle_after_deployments_and_failures() {
    let entropy: &dyn Entropy = &OsEntropy;
    let given = std::env::var("SEALIFT_SEED").ok();
    let seed = given.map_or_else(
        || u64::from_le_bytes(entropy.bytes()),
        |text| text.parse().expect("a number"),
    );
    println!("SEALIFT_SEED={seed}");
    let chance = Chance::new(seed);
    let begin = Timestamp::from_secs(1_800_000_000);
    let mut services: Vec<Simulated> = (0..SERVICES)
        .map(|n| service(&format!("service-{n}"), &chance, begin))
        .collect();

    for one in &mut services {
        live(one, &chance, begin);
    }

    let end = begin.plus_secs(END_SECS);
    let started: usize = services.iter().map(|one| one.started).sum();
    println!("{started} tasks");
    assert!(started >= TASKS, "only {started} tasks");
    for one in &services {
        check_end(one, end);
    }
}

/// One service's hours: disturbed a few times in the first, then left alone.
fn live(one: &mut Simulated, chance: &Chance, begin: Timestamp) {
    let (quiet, end) = (begin.plus_secs(QUIET_FROM_SECS), begin.plus_secs(END_SECS));
    let mut disturbed_at = begin.plus_secs(chance.secs(1, 40 * 60));
    loop {
        let next = one.next_at().unwrap_or(end).min(disturbed_at.min(end));
        if next >= end {
            return;
        }
        if next == disturbed_at {
            disturb(one, chance, next);
            let later = next.plus_secs(chance.secs(1, 40 * 60));
            disturbed_at = if later < quiet { later } else { end };
        }
        one.turn(chance, next);
    }
}

fn service(name: &str, chance: &Chance, begin: Timestamp) -> Simulated {
    let (strategy, mut rules) = if chance.percent(20) {
        (Strategy::Daemon, rules(chance))
    } else {
        (Strategy::Replica, rules(chance))
    };
    if strategy == Strategy::Daemon {
        (rules.minimum_healthy_percent, rules.maximum_percent) = (50, 100);
    }
    let count = usize::try_from(chance.below(80)).unwrap();
    let kind = if chance.percent(80) {
        Kind::Good
    } else {
        kind(chance)
    };
    Simulated::new(name, strategy, count, rules, kind, begin)
}

fn check_end(one: &Simulated, now: Timestamp) {
    let service = &one.service;
    if service.status != ServiceStatus::Active {
        assert_eq!(service.status, ServiceStatus::Inactive, "{}", service.name);
        assert!(one.tasks.is_empty(), "{} left tasks", service.name);
        return;
    }
    let primary = service
        .primary()
        .expect("an active service has a deployment");
    // Its limits let it neither start nor stop anything.
    let in_its_way = service.rules.maximum_percent == 150 && service.desired_count == 1;
    match (one.kind_of_primary(), primary.rollout) {
        // Killing what has not started yet can fail the best of deployments.
        (_, Rollout::Failed) => {}
        (Some(Kind::Good | Kind::Checked), rollout) => {
            assert!(
                one.is_settled(now) || in_its_way,
                "{}: {primary:?}",
                service.name
            );
            assert!(
                rollout == Rollout::Completed || in_its_way,
                "{}",
                service.name
            );
        }
        // What cannot start is tried again, ever more seldom, or given up.
        (Some(Kind::Unstartable), Rollout::InProgress) if service.desired_count > 0 => {
            assert!(
                primary.throttle.failures >= 3 || in_its_way,
                "{}: {primary:?}",
                service.name
            );
            assert!(one.longest_pause_secs <= 15 * 60);
        }
        _ => {}
    }
}
