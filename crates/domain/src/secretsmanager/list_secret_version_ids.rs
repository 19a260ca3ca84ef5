//! `secretsmanager:ListSecretVersionIds`

use api::{
    Modeled as _,
    secretsmanager::{
        Error, SecretVersionsListEntry,
        list_secret_version_ids::{Input, ListSecretVersionIds, Output},
    },
};
use store::secrets::{Secret, SecretVersion};

use super::{errors, locate::locate, sealing};
use crate::{Cx, Operation, page_token};

const DEFAULT_PAGE: usize = 100;

/// What stands for the service's own key.
const DEFAULT_KEY: &str = "DefaultEncryptionKey";

impl Operation for ListSecretVersionIds {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let located = locate(cx, &input.secret_id).await?;
        let secret = located.authorize(cx, Self::ACTION, |access| access)?;
        errors::refuse_marked(&secret)?;
        let after = input.next_token.map(|token| read_token(&token, &secret));
        let after = after.transpose()?;
        let wanted = input
            .max_results
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(DEFAULT_PAGE);

        let deprecated = input.include_deprecated.unwrap_or(false);
        let versions = cx.db.secret_versions(&secret.arn).await?;
        // AWS: a version that waits for its value is not listed.
        let mut listed: Vec<_> = versions
            .into_iter()
            .filter(|version| version.has_value && (deprecated || !version.labels.is_empty()))
            .filter(|version| {
                after
                    .as_ref()
                    .is_none_or(|place| place_of(version) > *place)
            })
            .collect();
        let more = listed.len() > wanted;
        listed.truncate(wanted);
        let next_token = listed
            .last()
            .filter(|_| more)
            .map(|last| page_token::write(&(&secret.arn, place_of(last))));

        let own_key = sealing::default_key_arn(cx, &secret).await?;
        let entries = listed
            .into_iter()
            .map(|version| entry(cx, &secret, version, own_key.as_deref()));
        Ok(Output {
            versions: Some(entries.collect()),
            next_token,
            arn: Some(secret.arn.clone()),
            name: Some(secret.name.clone()),
        })
    }
}

/// Where a version stands in the order that versions were made in.
fn place_of(version: &SecretVersion) -> (i64, String) {
    (version.created.as_millis(), version.id.clone())
}

fn read_token(token: &str, secret: &Secret) -> Result<(i64, String), Error> {
    match page_token::read::<(String, (i64, String))>(token) {
        Some((arn, place)) if arn == secret.arn => Ok(place),
        _ => Err(errors::invalid_next_token()),
    }
}

fn entry(
    cx: &Cx,
    secret: &Secret,
    version: SecretVersion,
    own_key: Option<&str>,
) -> SecretVersionsListEntry {
    let accessed = cx
        .world
        .accesses
        .waiting_for_version(&secret.arn, &version.id)
        .max(version.accessed);
    let key = version.key_arn.map(|arn| match own_key {
        Some(own) if own == arn => DEFAULT_KEY.to_owned(),
        _ => arn,
    });
    SecretVersionsListEntry {
        version_id: Some(version.id),
        version_stages: Some(version.labels).filter(|labels| !labels.is_empty()),
        last_accessed_date: accessed,
        created_date: Some(version.created),
        kms_key_ids: key.map(|key| vec![key]),
    }
}
