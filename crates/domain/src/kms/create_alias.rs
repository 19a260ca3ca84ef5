//! `kms:CreateAlias`

use api::{
    CommonError,
    kms::{
        Error,
        create_alias::{CreateAlias, Input, Output},
    },
};
use store::kms::AliasRow;

use super::{authorize::Use, key_ref::KeyRef, locate};
use crate::{Access, Cx, Operation};

/// The most aliases that one key has.
const MAX_ALIASES: usize = 50;

impl Operation for CreateAlias {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = input.alias_name;
        check_name(&name)?;
        let account = cx.account().clone();
        let KeyRef::Key(address) = KeyRef::parse(&input.target_key_id, &account, &cx.region)?
        else {
            let text = "Aliases must refer to keys. Not aliases";
            return Err(CommonError::Validation(text.to_owned()).into());
        };
        let alias_arn = cx.arn("kms", name.as_str()).to_string();
        let on_alias = Access::new("kms:CreateAlias", alias_arn.as_str());
        cx.authorize(on_alias.with("kms:CallerAccount", account.as_str()))?;
        let located = locate::locate_key(cx, &address).await?;
        let key = located.authorize(cx, Use::of("kms:CreateAlias"))?;
        key.not_pending()?;
        if key.row.aliases.len() >= MAX_ALIASES {
            let text = format!("Cannot have more than {MAX_ALIASES} aliases per CMK");
            return Err(Error::LimitExceeded(text));
        }

        let alias = AliasRow {
            target: address,
            name,
            created: cx.now(),
            updated: cx.now(),
        };
        if cx.db.insert_kms_alias(&alias).await? {
            return Ok(Output {});
        }
        let text = format!("An alias with the name {alias_arn} already exists");
        Err(Error::AlreadyExists(text))
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let Some(rest) = name.strip_prefix("alias/") else {
        let text = "Alias must start with the prefix \"alias/\". Please see \
                    https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        return Err(CommonError::Validation(text.to_owned()).into());
    };
    if rest.is_empty() {
        return Err(Error::InvalidAliasName(
            "Alias must not be empty".to_owned(),
        ));
    }
    if rest.starts_with("aws/") {
        return Err(reserved());
    }
    Ok(())
}

/// AWS: names under `alias/aws/` are refused without a word.
fn reserved() -> Error {
    CommonError::NotAuthorized.into()
}
