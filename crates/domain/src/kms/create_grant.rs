//! `kms:CreateGrant`

use api::kms::{
    Error,
    create_grant::{CreateGrant, Input, Output},
};
use store::kms::GrantRow;
use types::Fault;

use super::{
    authorize::Use, dry_run, grant_terms::Terms, grant_token, grants, key::Key, locate, principals,
};
use crate::{Cx, Operation};

/// The most grants that one key has.
const MAX_GRANTS: i64 = 50_000;

impl Operation for CreateGrant {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        grant_token::check_all(input.grant_tokens.as_ref())?;
        let terms = Terms::new(input.operations, input.constraints)?;
        let located = locate::locate_by_id(cx, &input.key_id).await?;
        let key = located
            .authorize(
                cx,
                intent(
                    &terms,
                    &input.grantee_principal,
                    input.retiring_principal.as_deref(),
                ),
            )
            .await?;
        key.usable()?;
        let grantee = principals::kept_name(cx, &input.grantee_principal).await?;
        let retiring = match &input.retiring_principal {
            Some(named) => Some(principals::kept_name(cx, named).await?),
            None => None,
        };
        dry_run(input.dry_run)?;

        let (operations, context_equals, context_subset) = terms.columns();
        let wanted = GrantRow {
            key: key.row.address.clone(),
            grant_id: cx.entropy().hex::<32>(),
            name: input.name,
            grantee,
            retiring,
            issuer: cx.account().clone(),
            operations,
            context_equals,
            context_subset,
            created: cx.now(),
        };
        let grant_id = match existing(cx, &wanted, &terms).await? {
            Some(grant_id) => grant_id,
            None => insert(cx, &key, wanted).await?,
        };
        let id = grant_token::id_bytes(&grant_id);
        let id = id.ok_or_else(|| Fault::new("a stored grant id has an unknown form"))?;
        Ok(Output {
            grant_token: Some(grant_token::issue(&key.arn(), id, cx.entropy())),
            grant_id: Some(grant_id),
        })
    }
}

fn intent<'a>(terms: &'a Terms, grantee: &str, retiring: Option<&str>) -> Use<'a> {
    let operations = terms.operations().iter();
    let operations = operations.map(|one| one.as_str().to_owned()).collect();
    let mut intent = Use::of("kms:CreateGrant")
        .giving(terms)
        .with("kms:GranteePrincipal", grantee)
        .with("kms:GrantIsForAWSResource", "false")
        .with_list("kms:GrantOperations", operations);
    if let Some(retiring) = retiring {
        intent = intent.with("kms:RetiringPrincipal", retiring);
    }
    if let Some(kind) = terms.constraint_type() {
        intent = intent.with("kms:GrantConstraintType", kind);
    }
    intent
}

/// The id of the grant that a request with the same name made, where it asked for the same.
async fn existing(cx: &mut Cx, wanted: &GrantRow, terms: &Terms) -> Result<Option<String>, Fault> {
    let Some(name) = &wanted.name else {
        return Ok(None);
    };
    for grant in cx.db.kms_grants_named(&wanted.key, name).await? {
        if grant.grantee == wanted.grantee
            && grant.retiring == wanted.retiring
            && grants::terms(&grant)?.same_as(terms)
        {
            return Ok(Some(grant.grant_id));
        }
    }
    Ok(None)
}

async fn insert(cx: &mut Cx, key: &Key, grant: GrantRow) -> Result<String, Error> {
    if cx.db.count_kms_grants(&grant.key).await? >= MAX_GRANTS {
        let text = format!("{} has the most grants that a key can have.", key.arn());
        return Err(Error::LimitExceeded(text));
    }
    cx.db.insert_kms_grant(&grant).await?;
    Ok(grant.grant_id)
}
