//! Every user and role of an account, as callers who have asked for nothing yet.

use store::iam::{EntityKind, NamePage};
use types::{AccountId, Fault};

use super::{Caller, imagined_caller};
use crate::World;

/// Users and roles are read in pages of this size.
const PAGE: i64 = 200;

/// The roles of an account, then its users. The root user is not among them.
pub(crate) async fn everyone(
    world: &World,
    account: &AccountId,
    partition: &str,
) -> Result<Vec<Caller>, Fault> {
    let mut callers = Vec::new();
    for kind in [EntityKind::Role, EntityKind::User] {
        let mut after = String::new();
        loop {
            let mut db = world.store.read().await?;
            let page = NamePage {
                account,
                path_prefix: "/",
                after: &after,
                limit: PAGE,
            };
            let entities = db.list_entities(kind, page).await?;
            let Some(last) = entities.last() else {
                break;
            };
            after.clone_from(&last.name);
            for entity in &entities {
                callers.extend(imagined_caller(&mut db, world, kind, &entity.id, partition).await?);
            }
        }
    }
    Ok(callers)
}
