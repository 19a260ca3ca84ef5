//! `secretsmanager:ListSecrets`

use std::collections::BTreeMap;

use api::{
    Modeled as _,
    secretsmanager::{
        Error, SecretListEntry, SortByType, SortOrderType,
        list_secrets::{Input, ListSecrets, Output},
    },
};
use store::{
    rotations::Rotation,
    secrets::{Secret, SecretOrder},
};

use super::{
    listing::{self, Listing},
    rotation, tags,
};
use crate::{Access, Cx, Operation};

const DEFAULT_PAGE: usize = 100;

impl Operation for ListSecrets {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let filters = input.filters.unwrap_or_default();
        listing::check(&filters)?;
        let listing = Listing {
            order: match input.sort_by {
                None | Some(SortByType::CreatedDate) => SecretOrder::Created,
                Some(SortByType::LastChangedDate) => SecretOrder::Changed,
                Some(SortByType::LastAccessedDate) => SecretOrder::Accessed,
                Some(SortByType::Name) => SecretOrder::Name,
            },
            descending: input.sort_order == Some(SortOrderType::Desc),
            with_deleted: input.include_planned_deletion.unwrap_or(false),
            filters,
        };
        let wanted = listing::page_size(input.max_results, DEFAULT_PAGE);
        let page = listing
            .page(cx, input.next_token.as_deref(), wanted)
            .await?;

        let secrets = page.secrets.iter();
        let arns: Vec<_> = secrets.map(|secret| secret.arn.clone()).collect();
        let mut rotations = cx.db.rotations_of_secrets(arns.clone()).await?;
        let mut labels = cx.db.labels_of_secrets(arns).await?;
        let entries = page.secrets.into_iter().map(|secret| {
            let labels = labels.remove(&secret.arn);
            let rotation = rotations.remove(&secret.arn);
            entry(cx, secret, labels, rotation)
        });
        Ok(Output {
            secret_list: Some(entries.collect()),
            next_token: page.next_token,
        })
    }
}

fn entry(
    cx: &Cx,
    secret: Secret,
    labels: Option<BTreeMap<String, Vec<String>>>,
    rotation: Option<Rotation>,
) -> SecretListEntry {
    let rotation = rotation::Answer::of(rotation);
    SecretListEntry {
        rotation_enabled: rotation.enabled,
        rotation_lambda_arn: rotation.function_arn,
        rotation_rules: rotation.rules,
        last_rotated_date: rotation.last_rotated,
        next_rotation_date: rotation.next_rotation,
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
        secret_versions_to_stages: labels,
        created_date: Some(secret.created),
        primary_region: secret.primary_region.map(|region| region.to_string()),
        ..SecretListEntry::default()
    }
}
