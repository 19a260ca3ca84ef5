//! `ssm:LabelParameterVersion`

use api::{
    Modeled as _,
    ssm::{
        Error,
        label_parameter_version::{Input, LabelParameterVersion, Output},
    },
};
use store::parameters::ParameterKey;

use super::{errors, labels, locate::locate, names::Name};
use crate::{Cx, Operation};

impl Operation for LabelParameterVersion {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let name = Name::parse(&input.name)?;
        let located = locate(cx, &name).await?;
        let latest = located.authorize(cx, Self::ACTION)?;
        let latest = latest.ok_or_else(errors::not_found)?;
        let version = input.parameter_version.unwrap_or(latest.version);

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
        let held = cx.db.parameter_labels(key).await?.into_iter();
        let held = held.filter_map(|(label, on)| (on == version).then_some(label));
        let held: Vec<_> = held.collect();
        let plan = labels::plan(&held, input.labels)?;
        for label in &plan.attached {
            cx.db.set_parameter_label(key, label, version).await?;
        }
        Ok(Output {
            invalid_labels: Some(plan.invalid),
            parameter_version: Some(version),
        })
    }
}
