//! Pages of secrets that pass filters, for `ListSecrets` and `BatchGetSecretValue`.

use api::secretsmanager::{Error, Filter, FilterNameStringType};
use store::secrets::{CursorKey, Secret, SecretCursor, SecretOrder, SecretPage};

use super::{errors, filters};
use crate::{Cx, page_token};

/// So many rows are looked at in one go.
const CHUNK: i64 = 200;

/// So many rows are looked at for one page at most.
///
/// AWS: a page may hold fewer secrets than were asked for, or none, and still be followed by another: a filter that
/// finds little in a long list is searched for over several requests.
const MOST_LOOKED_AT: usize = 5000;

/// Names with one beginning are looked up by name where there are no more of them than this, and sorted afterwards.
const FEW_NAMES: i64 = 1000;

/// Which secrets, in which order.
pub(super) struct Listing {
    pub(super) order: SecretOrder,
    pub(super) descending: bool,
    pub(super) with_deleted: bool,
    pub(super) filters: Vec<Filter>,
}

/// Some of them, and how to get the rest.
pub(super) struct Page {
    pub(super) secrets: Vec<Secret>,
    pub(super) next_token: Option<String>,
}

impl Listing {
    /// The secrets that pass the filters, in the order of their creation.
    pub(super) fn of(filters: Vec<Filter>) -> Self {
        Self {
            order: SecretOrder::Created,
            descending: false,
            with_deleted: false,
            filters,
        }
    }

    /// The page that a token leads to, or the first one.
    pub(super) async fn page(
        &self,
        cx: &mut Cx,
        token: Option<&str>,
        wanted: usize,
    ) -> Result<Page, Error> {
        let after = token
            .map(|token| read_token(token, self.order))
            .transpose()?;
        let account = cx.account().clone();
        let region = cx.region.clone();
        let beginning = self.beginning();
        let by_name = match beginning {
            Some(beginning) => {
                let counted =
                    cx.db
                        .count_secrets_by_prefix(&account, &region, beginning, FEW_NAMES + 1);
                counted.await? <= FEW_NAMES
            }
            None => false,
        };
        let mut page = SecretPage {
            account: &account,
            region: &region,
            order: self.order,
            descending: self.descending,
            with_deleted: self.with_deleted,
            name_prefix: beginning,
            by_name,
            after,
            // One more than the page holds, to know whether another page follows.
            limit: if self.filters.is_empty() {
                i64::try_from(wanted).unwrap_or(CHUNK) + 1
            } else {
                CHUNK
            },
        };
        let mut found = Vec::new();
        let mut looked_at = 0;
        loop {
            let chunk = cx.db.list_secrets(&page).await?;
            let Some(last) = chunk.last() else {
                return Ok(self.ended(found, wanted, None));
            };
            looked_at += chunk.len();
            let reached = last.cursor(self.order);
            let is_last = i64::try_from(chunk.len()).is_ok_and(|len| len < page.limit);
            found.extend(
                chunk
                    .into_iter()
                    .filter(|secret| filters::matches(secret, &self.filters)),
            );
            if found.len() > wanted || is_last {
                return Ok(self.ended(found, wanted, None));
            }
            if looked_at >= MOST_LOOKED_AT {
                return Ok(self.ended(found, wanted, Some(reached)));
            }
            page.after = Some(reached);
        }
    }

    /// What all names begin with that can pass, where the filters say so with one text.
    fn beginning(&self) -> Option<&str> {
        self.filters
            .iter()
            .find_map(|filter| match (filter.key, filter.values.as_deref()) {
                (Some(FilterNameStringType::Name), Some([value])) if !value.starts_with('!') => {
                    Some(value.as_str())
                }
                _ => None,
            })
    }

    fn ended(&self, mut found: Vec<Secret>, wanted: usize, reached: Option<SecretCursor>) -> Page {
        let more = found.len() > wanted;
        found.truncate(wanted);
        let place = if more {
            found.last().map(|last| last.cursor(self.order))
        } else {
            reached
        };
        Page {
            secrets: found,
            next_token: place.map(|place| write_token(place, self.order)),
        }
    }
}

/// How many secrets a page holds.
pub(super) fn page_size(max_results: Option<i32>, default: usize) -> usize {
    max_results
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(default)
}

/// Refuses filters that ask for nothing.
pub(super) fn check(filters: &[Filter]) -> Result<(), Error> {
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

/// A token says where a page ended: in which order, at which value, at which secret.
fn write_token(place: SecretCursor, order: SecretOrder) -> String {
    let (time, name) = match place.key {
        CursorKey::Time(millis) => (Some(millis), None),
        CursorKey::Name(name) => (None, Some(name)),
    };
    page_token::write(&(order_name(order), time, name, place.arn))
}

fn read_token(token: &str, order: SecretOrder) -> Result<SecretCursor, Error> {
    let read: Option<(String, Option<i64>, Option<String>, String)> = page_token::read(token);
    let (key, arn) = match read {
        Some((of, Some(millis), None, arn))
            if of == order_name(order) && order != SecretOrder::Name =>
        {
            (CursorKey::Time(millis), arn)
        }
        Some((of, None, Some(name), arn))
            if of == order_name(order) && order == SecretOrder::Name =>
        {
            (CursorKey::Name(name), arn)
        }
        _ => return Err(errors::invalid_next_token()),
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
