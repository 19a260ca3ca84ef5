//! A service with one task on each container instance.

use super::{
    Task,
    steps::{Start, Steps, View},
};

/// On each instance, a task of the primary deployment takes the place of those of earlier ones: beside them where the
/// ceiling has room, else after them where the floor lets them go.
pub(super) fn steps(view: &View<'_>, steps: &mut Steps) {
    let (mut room, mut spare) = (view.room(), view.spare());
    let beside = view.service.rules.maximum_percent > 100;
    for task in &view.tasks {
        let instance = task.instance.as_ref();
        if instance.is_some_and(|id| !view.instances.active.contains(id)) {
            steps.scale_in(task);
        }
    }
    let (primary, earlier) = (view.of_primary(), view.of_earlier());
    for instance in &view.instances.active {
        let here = |task: &&&Task| task.instance.as_ref() == Some(instance);
        let old: Vec<&&Task> = earlier.iter().filter(here).collect();
        let mut new: Vec<&&Task> = primary.iter().filter(here).collect();
        new.sort_by_key(|task| (task.created_at, &task.id));
        for extra in new.iter().skip(1) {
            steps.scale_in(extra);
        }
        let can_start = new.is_empty()
            && view.may_start()
            && room > 0
            && (beside || is_free(view, instance))
            && view.instances.ready.contains(instance);
        if can_start {
            room -= 1;
            steps.start.push(Start {
                on: Some(instance.clone()),
            });
        }
        let replaced = new.iter().any(|task| view.is_healthy(task));
        let in_the_way = new.is_empty() && view.may_start() && !can_start;
        for task in old.iter().filter(|_| replaced || in_the_way) {
            if spare.take(view, task) {
                steps.scale_in(task);
            }
        }
    }
}

/// Whether no task of the service lives on the instance, not even one that is ending.
fn is_free(view: &View<'_>, instance: &String) -> bool {
    let mut living = view.tasks.iter().chain(&view.ending);
    !living.any(|task| task.instance.as_ref() == Some(instance))
}
