//! `secretsmanager:DescribeSecret`

use api::{
    Modeled as _,
    secretsmanager::{
        Error,
        describe_secret::{DescribeSecret, Input, Output},
    },
};

use super::{locate::locate, replicas, rotation, tags};
use crate::{Cx, Operation};

impl Operation for DescribeSecret {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let secret = located.authorize(cx, Self::ACTION, |access| access)?;

        let replication_status = replicas::statuses(cx, &secret).await?;
        let mut labels = cx.db.labels_of_secrets(vec![secret.arn.clone()]).await?;
        let rotation = rotation::Answer::of(cx.db.rotation(&secret.arn).await?);
        Ok(Output {
            rotation_enabled: rotation.enabled,
            rotation_lambda_arn: rotation.function_arn,
            rotation_rules: rotation.rules,
            last_rotated_date: rotation.last_rotated,
            next_rotation_date: rotation.next_rotation,
            version_ids_to_stages: labels.remove(&secret.arn),
            last_accessed_date: cx
                .world
                .accesses
                .waiting_for(&secret.arn)
                .max(secret.accessed),
            arn: Some(secret.arn),
            name: Some(secret.name),
            description: secret.description,
            kms_key_id: secret.kms_key_id,
            last_changed_date: Some(secret.changed),
            deleted_date: secret.deletion.map(|deletion| deletion.marked),
            tags: secret.tags.map(tags::to_answer),
            created_date: Some(secret.created),
            replication_status,
            primary_region: secret.primary_region.map(|region| region.to_string()),
            ..Output::default()
        })
    }
}
