//! `secretsmanager:ListSecrets`

use std::collections::BTreeMap;

use api::{
    Modeled as _,
    secretsmanager::{
        Error, Filter, SecretListEntry, SortByType, SortOrderType,
        list_secrets::{Input, ListSecrets, Output},
    },
};
use store::secrets::{CursorKey, Secret, SecretCursor, SecretOrder, SecretPage};

use super::{filters, tags};
use crate::{Access, Cx, Operation, page_token};

const DEFAULT_PAGE: usize = 100;

/// So many rows are looked at in one go while a filter is searched for.
const CHUNK: i64 = 500;

impl Operation for ListSecrets {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let filters = input.filters.unwrap_or_default();
        check(&filters)?;
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
        let after = input
            .next_token
            .map(|token| read_token(&token, listing.order))
            .transpose()?;
        let wanted = input
            .max_results
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(DEFAULT_PAGE);

        // One more than the page holds, to know whether another page follows.
        let mut found = listing.find(cx, after, wanted + 1).await?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next_token = found
            .last()
            .filter(|_| more)
            .map(|last| write_token(last, listing.order));

        let arns = found.iter().map(|secret| secret.arn.clone()).collect();
        let mut labels = cx.db.labels_of_secrets(arns).await?;
        let entries = found.into_iter().map(|secret| {
            let labels = labels.remove(&secret.arn);
            entry(cx, secret, labels)
        });
        Ok(Output {
            secret_list: Some(entries.collect()),
            next_token,
        })
    }
}

/// Which secrets, in which order.
struct Listing {
    order: SecretOrder,
    descending: bool,
    with_deleted: bool,
    filters: Vec<Filter>,
}

impl Listing {
    /// The first `wanted` secrets after a place that pass the filters.
    async fn find(
        &self,
        cx: &mut Cx,
        mut after: Option<SecretCursor>,
        wanted: usize,
    ) -> Result<Vec<Secret>, Error> {
        let account = cx.account().clone();
        let mut found = Vec::new();
        loop {
            let page = SecretPage {
                account: &account,
                region: &cx.region,
                order: self.order,
                descending: self.descending,
                with_deleted: self.with_deleted,
                after: after.as_ref(),
                limit: CHUNK,
            };
            let chunk = cx.db.list_secrets(page).await?;
            let Some(last) = chunk.last() else {
                return Ok(found);
            };
            after = Some(last.cursor(self.order));
            found.extend(
                chunk
                    .into_iter()
                    .filter(|secret| filters::matches(secret, &self.filters)),
            );
            if found.len() >= wanted {
                found.truncate(wanted);
                return Ok(found);
            }
        }
    }
}

fn check(filters: &[Filter]) -> Result<(), Error> {
    for filter in filters {
        let Some(key) = filter.key else {
            return Err(Error::InvalidParameter("Invalid filter key".to_owned()));
        };
        if filter.values.as_ref().is_none_or(Vec::is_empty) {
            return Err(Error::InvalidParameter(format!(
                "Invalid filter values for key: {key}"
            )));
        }
    }
    Ok(())
}

fn entry(
    cx: &Cx,
    secret: Secret,
    labels: Option<BTreeMap<String, Vec<String>>>,
) -> SecretListEntry {
    SecretListEntry {
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
        ..SecretListEntry::default()
    }
}

/// A token says where a page ended: in which order, at which value, at which secret.
fn write_token(last: &Secret, order: SecretOrder) -> String {
    let cursor = last.cursor(order);
    let (time, name) = match cursor.key {
        CursorKey::Time(millis) => (Some(millis), None),
        CursorKey::Name(name) => (None, Some(name)),
    };
    page_token::write(&(order_name(order), time, name, cursor.arn))
}

fn read_token(token: &str, order: SecretOrder) -> Result<SecretCursor, Error> {
    let read: Option<(String, Option<i64>, Option<String>, String)> = page_token::read(token);
    let (key, arn) = match read {
        Some((of, Some(millis), None, arn)) if of == order_name(order) => {
            (CursorKey::Time(millis), arn)
        }
        Some((of, None, Some(name), arn)) if of == order_name(order) => {
            (CursorKey::Name(name), arn)
        }
        _ => return Err(Error::InvalidNextToken("Invalid NextToken".to_owned())),
    };
    Ok(SecretCursor { key, arn })
}

fn order_name(order: SecretOrder) -> &'static str {
    match order {
        SecretOrder::Created => "created",
        SecretOrder::Changed => "changed",
        SecretOrder::Accessed => "accessed",
        SecretOrder::Name => "name",
    }
}
