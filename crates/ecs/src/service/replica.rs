//! A service with a number of tasks.

use super::{
    Rollout, Task,
    steps::{Start, Steps, View},
};

/// Starts what is missing of the primary deployment as far as the ceiling lets it, and stops tasks of earlier ones as far
/// as the floor lets it: for every new task that is healthy one old one, or more where nothing could be started otherwise.
/// So a deployment that does not get on leaves the old tasks where they are.
///
/// AWS: a task that fails its health checks is replaced before it is stopped, where the ceiling has room for both.
/// <https://aws.amazon.com/blogs/containers/a-deep-dive-into-amazon-ecs-task-health-and-task-replacement/>
pub(super) fn steps(view: &View<'_>, steps: &mut Steps) {
    let population = view.population();
    let (unhealthy, primary): (Vec<&Task>, Vec<&Task>) = view
        .of_primary()
        .into_iter()
        .partition(|task| view.is_unhealthy(task));
    let earlier = view.of_earlier();
    scale_in(view, &primary, population, steps);

    let missing = population.saturating_sub(primary.len());
    let wanted = if view.may_start() { missing } else { 0 };
    let starts = wanted.min(view.room());
    steps
        .start
        .extend(std::iter::repeat_n(Start::default(), starts));
    let vacant = population.saturating_sub(primary.len() + unhealthy.len());
    steps.replacing = starts.saturating_sub(vacant);

    let healthy = primary.iter().filter(|task| view.is_healthy(task)).count();
    let blocked = (wanted - starts).saturating_sub(view.ending.len());
    let makes_room = starts == 0 && blocked > 0;
    let mut stopped = stop_unhealthy(view, &unhealthy, healthy, makes_room, steps);
    let surplus = (healthy + earlier.len()).saturating_sub(population);
    let in_the_way = if has_no_place(view) && view.ending.is_empty() {
        missing
    } else {
        blocked.saturating_sub(stopped)
    };
    let mut spare = view.spare();
    for task in earlier.iter().take(surplus.max(in_the_way)) {
        if spare.take(view, task) {
            steps.replace(view, task);
            stopped += 1;
        }
    }
    let waits = primary.iter().any(|task| !view.is_healthy(task)) || !view.ending.is_empty();
    steps.stuck = wanted > 0 && starts == 0 && stopped == 0 && !waits;
}

/// Stops the tasks of the primary deployment that are not healthy any more: one for every healthy one that has taken its
/// place; and one after the other where nothing can be started beside them. How many.
fn stop_unhealthy(
    view: &View<'_>,
    unhealthy: &[&Task],
    healthy: usize,
    makes_room: bool,
    steps: &mut Steps,
) -> usize {
    let replaced = (healthy + unhealthy.len()).saturating_sub(view.population());
    let in_the_way = view.ending.is_empty() && (has_no_place(view) || makes_room);
    let gone = unhealthy.iter().take(replaced.max(usize::from(in_the_way)));
    gone.map(|task| steps.replace(view, task)).count()
}

fn has_no_place(view: &View<'_>) -> bool {
    let primary = view.service.primary();
    primary.is_some_and(|d| d.throttle.no_place && d.rollout != Rollout::Failed)
}

/// Too many tasks of the primary deployment: those that are not healthy go first, then the youngest.
fn scale_in(view: &View<'_>, primary: &[&Task], population: usize, steps: &mut Steps) {
    let mut youngest: Vec<&&Task> = primary.iter().collect();
    youngest.sort_by_key(|task| {
        (
            view.is_healthy(task),
            std::cmp::Reverse((task.created_at, &task.id)),
        )
    });
    for task in youngest
        .iter()
        .take(primary.len().saturating_sub(population))
    {
        steps.scale_in(task);
    }
}
