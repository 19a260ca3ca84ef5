//! What every change of a secret ends with.

use api::secretsmanager::Error;
use store::secrets::Secret;

use crate::Cx;

/// Saves a secret that has changed now.
pub(super) async fn save_changed(cx: &mut Cx, secret: &mut Secret) -> Result<(), Error> {
    secret.changed = cx.now();
    cx.db.update_secret(secret).await?;
    Ok(())
}
