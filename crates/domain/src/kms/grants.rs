//! Grants in decisions, and as answers show them.

use api::kms::{Error, GrantListEntry, GrantOperation};
use policy::Principal;
use store::kms::{GrantRow, KeyAddress};
use types::{AccountId, Fault};

use super::{
    authorize::Use,
    grant_terms::Terms,
    key::{self, Key},
    principals,
};
use crate::Cx;

/// The id of a grant that lets the caller do this with the key.
pub(super) async fn covering(
    cx: &mut Cx,
    key: &Key,
    intent: &Use<'_>,
) -> Result<Option<String>, Fault> {
    let operation = intent.action.strip_prefix("kms:").unwrap_or_default();
    let Ok(operation) = operation.parse::<GrantOperation>() else {
        return Ok(None);
    };
    if !key.row.has_grants {
        return Ok(None);
    }
    let names = names_of(&cx.caller.principal, &key.row.address.account);
    let names = names.each_ref().map(String::as_str);
    for grant in cx.db.kms_grants_for(&key.row.address, names).await? {
        let terms = terms(&grant)?;
        let enough = intent.giving.is_none_or(|given| terms.cover_all_of(given));
        if enough && terms.cover(operation, intent.context) {
            return Ok(Some(grant.grant_id));
        }
    }
    Ok(None)
}

/// Whether the caller may retire a grant because the grant itself says so.
pub(super) fn is_retired_by(cx: &Cx, grant: &GrantRow) -> Result<bool, Fault> {
    let names = names_of(&cx.caller.principal, &grant.key.account);
    let is_caller = |named: &String| names.contains(named);
    let by_grantee = terms(grant)?.cover(GrantOperation::RetireGrant, None);
    Ok(grant.retiring.as_ref().is_some_and(is_caller) || by_grantee && is_caller(&grant.grantee))
}

/// The names under which a grant may know a caller: the unique id, the ARN, and the account.
fn names_of(caller: &Principal, key_owner: &AccountId) -> [String; 3] {
    let user_id = caller.user_id();
    let unique_id = user_id.split(':').next().unwrap_or_default().to_owned();
    let arn = caller.arn();
    // A grant to another account leaves it to that account whom of its own it lets use it. Within the key's own account
    // the account is its root user alone.
    let account = caller
        .account()
        .filter(|account| caller.is_root() || *account != key_owner)
        .map_or_else(|| arn.clone(), principals::account_root);
    [unique_id, arn, account]
}

/// What a grant gives.
pub(super) fn terms(grant: &GrantRow) -> Result<Terms, Fault> {
    Terms::from_columns(
        &grant.operations,
        grant.context_equals.as_deref(),
        grant.context_subset.as_deref(),
    )
}

/// Grants as lists show them.
pub(super) async fn entries(
    cx: &mut Cx,
    grants: Vec<GrantRow>,
) -> Result<Vec<GrantListEntry>, Fault> {
    let mut entries = Vec::new();
    for grant in grants {
        let terms = terms(&grant)?;
        let retiring_principal = match &grant.retiring {
            Some(kept) => Some(principals::arn_of(cx, kept).await?),
            None => None,
        };
        entries.push(GrantListEntry {
            key_id: Some(key::arn(&grant.key).to_string()),
            grantee_principal: Some(principals::arn_of(cx, &grant.grantee).await?),
            retiring_principal,
            issuing_account: Some(principals::account_root(&grant.issuer)),
            operations: Some(terms.operations().to_vec()),
            constraints: terms.constraints(),
            // AWS: a grant without a name has an empty one.
            name: Some(grant.name.unwrap_or_default()),
            creation_date: Some(grant.created),
            grant_id: Some(grant.grant_id),
        });
    }
    Ok(entries)
}

/// The grant of a key, or AWS's error where it has none of that id.
pub(super) async fn find(cx: &mut Cx, key: &KeyAddress, grant_id: &str) -> Result<GrantRow, Error> {
    let grant = cx.db.kms_grant(key, grant_id).await?;
    grant.ok_or_else(|| not_found(grant_id))
}

pub(super) fn not_found(grant_id: &str) -> Error {
    Error::NotFound(format!("Grant ID {grant_id} not found"))
}

/// Where a page of grants begins: markers are the grant ids of answers.
pub(super) fn is_grant_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
