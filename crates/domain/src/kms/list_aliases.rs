//! `kms:ListAliases`

use api::kms::{
    AliasListEntry, Error,
    list_aliases::{Input, ListAliases, Output},
};
use store::kms::AliasRow;

use super::{authorize, forward::Via, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListAliases {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let page = Page::new(input.limit, input.marker, |marker| {
            marker.starts_with("alias/")
        })?;
        let account = cx.account().clone();
        authorize::on_no_key(cx, "kms:ListAliases")?;
        let target = match &input.key_id {
            Some(key_id) => {
                let key = locate::locate_own(cx, key_id).await?.unauthorized()?;
                Some(key.row.address.key_id)
            }
            None => None,
        };

        let rows = cx
            .db
            .kms_aliases(
                &account,
                &cx.region,
                target.as_deref(),
                &page.after,
                page.probe(),
            )
            .await?;
        let mut names: Vec<Named> = rows.into_iter().map(Named::Alias).collect();
        if target.is_none() {
            add_unused(&mut names, &page.after);
        }
        let next_marker = page.cut(&mut names, |named| named.name().to_owned());

        Ok(Output {
            aliases: Some(names.into_iter().map(|named| named.entry(cx)).collect()),
            truncated: Some(next_marker.is_some()),
            next_marker,
        })
    }
}

/// What the list names: an alias, or one of AWS's whose key nobody has used yet.
enum Named {
    Alias(AliasRow),
    Unused(Via),
}

impl Named {
    fn name(&self) -> &str {
        match self {
            Self::Alias(row) => &row.name,
            Self::Unused(service) => service.alias(),
        }
    }

    fn entry(self, cx: &Cx) -> AliasListEntry {
        let named = AliasListEntry {
            alias_arn: Some(cx.arn("kms", self.name()).to_string()),
            alias_name: Some(self.name().to_owned()),
            ..AliasListEntry::default()
        };
        match self {
            Self::Unused(_) => named,
            Self::Alias(row) => AliasListEntry {
                target_key_id: Some(row.target.key_id),
                creation_date: Some(row.created),
                last_updated_date: Some(row.updated),
                ..named
            },
        }
    }
}

/// AWS: the aliases of its own keys are listed before the keys exist.
fn add_unused(names: &mut Vec<Named>, after: &str) {
    for service in Via::ALL {
        let alias = service.alias();
        if alias > after && !names.iter().any(|named| named.name() == alias) {
            names.push(Named::Unused(service));
        }
    }
    names.sort_by(|a, b| a.name().cmp(b.name()));
}
