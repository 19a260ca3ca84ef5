//! `ssm:UnlabelParameterVersion`

use api::{
    Modeled as _,
    ssm::{
        Error,
        unlabel_parameter_version::{Input, Output, UnlabelParameterVersion},
    },
};
use store::parameters::ParameterKey;

use super::{errors, locate::locate, names::Name};
use crate::{Cx, Operation};

impl Operation for UnlabelParameterVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = Name::parse(&input.name)?;
        let located = locate(cx, &name).await?;
        located
            .authorize(cx, Self::ACTION)?
            .ok_or_else(errors::not_found)?;

        let version = input.parameter_version;
        let (account, region) = (cx.account().clone(), cx.region.clone());
        let key = ParameterKey {
            account: &account,
            region: &region,
            path: &name.path,
        };
        if cx.db.parameter_version(key, version).await?.is_none() {
            let version = version.to_string();
            return Err(errors::version_not_found(&version, &name.given));
        }
        let (mut removed, mut invalid) = (Vec::new(), Vec::new());
        for label in input.labels {
            if cx.db.remove_parameter_label(key, &label, version).await? {
                removed.push(label);
            } else if !removed.contains(&label) {
                invalid.push(label);
            }
        }
        Ok(Output {
            removed_labels: Some(removed),
            invalid_labels: Some(invalid),
        })
    }
}
