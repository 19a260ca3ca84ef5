//! What `DescribeSecret` and `ListSecrets` say about rotation.

use api::secretsmanager::RotationRulesType;
use store::rotations::Rotation;
use types::Timestamp;

use super::rules;

/// The members that both answers have; all absent until rotation was configured for the first time.
#[derive(Default)]
pub(crate) struct Answer {
    pub enabled: Option<bool>,
    pub function_arn: Option<String>,
    pub rules: Option<RotationRulesType>,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
}

impl Answer {
    pub(crate) fn of(rotation: Option<Rotation>) -> Self {
        let Some(rotation) = rotation else {
            return Self::default();
        };
        // AWS: a cancelled rotation keeps its rules and its function, and loses both dates.
        let window = rotation.window.filter(|_| rotation.enabled);
        Self {
            enabled: Some(rotation.enabled),
            rules: rules::to_answer(&rotation.rules),
            last_rotated: rotation.rotated.filter(|_| rotation.enabled),
            next_rotation: window.map(|window| window.closes),
            function_arn: Some(rotation.function_arn),
        }
    }
}
