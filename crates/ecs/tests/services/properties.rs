//! One service under everything that chance can do to it. What must hold is checked at every look.

use ecs::service::{Rollout, ServiceStatus, Strategy};
use proptest::prelude::*;
use types::Timestamp;

use crate::{
    cluster::Simulated,
    fate::{Chance, Kind},
    simulation::{disturb, kind, rules},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_limits_hold_at_every_look_and_a_good_deployment_ends_completed(
        seed: u64,
        count in 0..12_usize,
        daemon: bool,
        disturbances in 0..20_usize,
    ) {
        let chance = Chance::new(seed);
        let mut now = Timestamp::from_secs(1_800_000_000);
        let strategy = if daemon { Strategy::Daemon } else { Strategy::Replica };
        let mut rules = rules(&chance);
        if daemon {
            (rules.minimum_healthy_percent, rules.maximum_percent) = (0, 100);
        }
        let mut one = Simulated::new("web", strategy, count, rules, kind(&chance), now);
        for _ in 0..disturbances {
            let until = now.plus_secs(chance.secs(0, 400));
            run(&mut one, &chance, &mut now, until);
            disturb(&mut one, &chance, now);
        }
        if one.service.status == ServiceStatus::Active {
            if !daemon {
                one.service.rules.minimum_healthy_percent = 50;
            }
            one.deploy(Kind::Good, now);
        }
        let until = now.plus_secs(3 * 60 * 60);
        run(&mut one, &chance, &mut now, until);
        if one.service.status == ServiceStatus::Active {
            let primary = one.service.primary().unwrap();
            let stuck = one.service.rules.ceiling(1) == 1 && one.service.desired_count == 1 && !daemon;
            prop_assert!(primary.rollout == Rollout::Completed || stuck, "{primary:?}");
            prop_assert!(one.is_settled(now) || stuck);
            prop_assert!(one.service.deployments.len() == 1 || stuck);
        } else {
            prop_assert_eq!(one.service.status, ServiceStatus::Inactive);
            prop_assert!(one.tasks.is_empty());
        }
    }
}

/// Lets things happen until then.
fn run(one: &mut Simulated, chance: &Chance, now: &mut Timestamp, until: Timestamp) {
    while let Some(next) = one.next_at().filter(|next| *next <= until) {
        *now = next.max(*now);
        one.turn(chance, *now);
    }
    *now = until;
}
