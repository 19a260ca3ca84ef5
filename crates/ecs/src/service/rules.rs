//! The limits of a deployment.

use serde::{Deserialize, Serialize};

/// What the deployment configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub minimum_healthy_percent: usize,
    pub maximum_percent: usize,
    pub breaker: Option<Breaker>,
    /// How long after its start nothing follows from a task's health.
    pub grace_secs: i64,
    /// How long a task without a health check must run before it counts as healthy.
    pub healthy_after_secs: i64,
}

/// When a deployment is given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    pub rollback: bool,
    pub threshold: Threshold,
    /// Failures count in a row only: a healthy task sets the count back.
    pub reset_on_healthy_task: bool,
}

/// How many failed tasks are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    Count(usize),
    /// Of the desired count, rounded up, and between 3 and 200.
    BoundedPercent(usize),
    UnboundedPercent(usize),
}

impl Default for Threshold {
    fn default() -> Self {
        Self::BoundedPercent(50)
    }
}

impl Threshold {
    pub fn failures(self, population: usize) -> usize {
        let percent = |percent: usize| (population * percent).div_ceil(100);
        match self {
            Self::Count(count) => count.max(1),
            Self::BoundedPercent(value) => percent(value).clamp(3, 200),
            Self::UnboundedPercent(value) => percent(value).max(1),
        }
    }
}

impl Rules {
    /// So many healthy tasks are left alone at any moment.
    pub fn floor(&self, population: usize) -> usize {
        (population * self.minimum_healthy_percent).div_ceil(100)
    }

    /// More living tasks than these there are never.
    pub fn ceiling(&self, population: usize) -> usize {
        population * self.maximum_percent / 100
    }
}
