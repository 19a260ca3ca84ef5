//! Access keys of one user.

use api::iam::Error;
use store::iam::AccessKeyRow;

use super::locate::KeyOwner;
use crate::Cx;

/// The access key of this id, if it is this user's.
pub(super) async fn find(cx: &mut Cx, owner: &KeyOwner, id: &str) -> Result<AccessKeyRow, Error> {
    let key = cx.db.access_key(id).await?.map(|(key, _)| key);
    key.filter(|key| key.account == *cx.account() && key.user_id.as_deref() == owner.id())
        .ok_or_else(|| missing(id))
}

/// There is no access key of this id.
pub(super) fn missing(id: &str) -> Error {
    Error::NoSuchEntity(format!("The Access Key with id {id} cannot be found."))
}
