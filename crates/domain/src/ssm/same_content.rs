//! Whether two versions of a parameter have the same content.

use std::sync::Arc;

use store::parameters::ParameterKey;
use types::{Arn, Fault};

use super::sealing;
use crate::{Access, Cx, World, identity::Caller};

/// Whether two versions of a parameter have the same content, as far as the caller may read them.
pub(crate) async fn same_content(
    world: &Arc<World>,
    caller: Caller,
    arn: &str,
    one: &str,
    other: &str,
) -> Result<bool, Fault> {
    let parsed: Arn = arn.parse().map_err(Fault::new)?;
    let region = parsed.region.parse().map_err(Fault::new)?;
    let account = parsed.account.parse().map_err(Fault::new)?;
    let (Some(name), Ok(one), Ok(other)) = (
        parsed.resource.strip_prefix("parameter/"),
        one.parse::<i64>(),
        other.parse::<i64>(),
    ) else {
        return Ok(false);
    };
    let path = format!("/{name}");
    let key = ParameterKey {
        account: &account,
        region: &region,
        path: &path,
    };
    let mut cx = Cx::imagined(world, caller, &region).await?;
    if cx.authorize(Access::new("ssm:GetParameters", arn)).is_err() {
        return Ok(false);
    }
    let mut values = Vec::new();
    for version in [one, other] {
        let Some(parameter) = cx.db.parameter_version(key, version).await? else {
            return Ok(false);
        };
        match sealing::open(&mut cx, arn, &parameter, true).await {
            Ok(value) => values.push(value),
            Err(_) => return Ok(false),
        }
    }
    Ok(matches!(values.as_slice(), [one, other] if one == other))
}
