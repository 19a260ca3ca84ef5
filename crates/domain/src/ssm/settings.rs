//! The two settings of Parameter Store that an account has in a region: their names, values and defaults.

use api::ssm::{Error, ParameterTier, ServiceSetting};
use store::parameters::Setting;
use types::Timestamp;

use super::errors::validation;
use crate::{Access, Cx};

/// A setting that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: &'static str,
    default: &'static str,
    values: &'static [&'static str],
}

const DEFAULT_TIER: Known = Known {
    id: "/ssm/parameter-store/default-parameter-tier",
    default: "Standard",
    values: ParameterTier::VALUES,
};
/// Kept and told, and nothing follows: there is no throughput to pay for here.
const HIGH_THROUGHPUT: Known = Known {
    id: "/ssm/parameter-store/high-throughput-enabled",
    default: "false",
    values: &["true", "false"],
};

/// The setting of an id, or of the ARN that ends in it, for a caller who may do this with it.
pub(super) fn authorized(cx: &mut Cx, action: &str, setting_id: &str) -> Result<Known, Error> {
    let id = match setting_id.strip_prefix("arn:") {
        Some(arn) => arn.split_once(":servicesetting").map_or("", |(_, id)| id),
        None => setting_id,
    };
    let slash = if id.starts_with('/') { "" } else { "/" };
    let arn = cx.arn("ssm", format!("servicesetting{slash}{id}"));
    cx.authorize(Access::new(action, arn.to_string()))?;
    let known = [DEFAULT_TIER, HIGH_THROUGHPUT].into_iter();
    let mut known = known.filter(|known| known.id == id);
    known.next().ok_or_else(|| {
        Error::ServiceSettingNotFound(format!("Setting with id {setting_id} not found."))
    })
}

impl Known {
    /// Refuses a value that the setting cannot have.
    pub(super) fn check(self, value: &str) -> Result<(), Error> {
        if self.values.contains(&value) {
            return Ok(());
        }
        Err(validation(format!(
            "Setting value {value} is not valid for {}. Valid values include: [{}].",
            self.id,
            self.values.join(", ")
        )))
    }

    /// As answers have it: what the account set, or the default.
    pub(super) fn shape(self, cx: &Cx, set: Option<Setting>) -> ServiceSetting {
        let status = if set.is_some() {
            "Customized"
        } else {
            "Default"
        };
        let set = set.unwrap_or_else(|| Setting {
            value: self.default.to_owned(),
            modified: Timestamp::default(),
            modified_by: "System".to_owned(),
        });
        ServiceSetting {
            setting_id: Some(self.id.to_owned()),
            setting_value: Some(set.value),
            last_modified_date: Some(set.modified),
            last_modified_user: Some(set.modified_by),
            arn: Some(
                cx.arn("ssm", format!("servicesetting{}", self.id))
                    .to_string(),
            ),
            status: Some(status.to_owned()),
        }
    }
}

/// The setting as the account has it.
pub(super) async fn read(cx: &mut Cx, known: Known) -> Result<Option<Setting>, Error> {
    let account = cx.account().clone();
    Ok(cx.db.ssm_setting(&account, &cx.region, known.id).await?)
}

/// The tier of parameters that name none.
pub(super) async fn default_tier(cx: &mut Cx) -> Result<ParameterTier, Error> {
    let set = read(cx, DEFAULT_TIER).await?;
    let value = set.map_or(DEFAULT_TIER.default.to_owned(), |set| set.value);
    Ok(value.parse().map_err(types::Fault::new)?)
}
