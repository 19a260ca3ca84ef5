//! `iam:GetAccessKeyLastUsed`

use api::{
    Modeled as _,
    iam::{
        AccessKeyLastUsed, Error,
        get_access_key_last_used::{GetAccessKeyLastUsed, Input, Output},
    },
};

use super::{answer, keys};
use crate::{Access, Cx, Operation, identity};

impl Operation for GetAccessKeyLastUsed {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let account = cx.account().clone();
        let found = cx.db.access_key(&input.access_key_id).await?;
        let key = found
            .map(|(key, _)| key)
            .filter(|key| key.account == account);
        let user = match key.as_ref().and_then(|key| key.user_id.as_deref()) {
            Some(id) => cx.db.user_by_id(id).await?,
            None => None,
        };
        let resource = user.as_ref().map(|user| answer::arn(user, cx.partition()));
        let resource = resource.unwrap_or_else(|| "*".to_owned());
        let shown = format!("access key {}", input.access_key_id);
        cx.authorize(Access::new(Self::ACTION, resource).shown_as(shown))?;
        let key = key.ok_or_else(|| keys::missing(&input.access_key_id))?;
        let last_used = match identity::last_use(cx, &key.id).await? {
            Some(last) => AccessKeyLastUsed {
                last_used_date: Some(last.at),
                service_name: Some(last.service),
                region: Some(last.region),
            },
            // AWS: a key that was never used has the text where others have their service.
            None => AccessKeyLastUsed {
                last_used_date: None,
                service_name: Some("N/A".to_owned()),
                region: Some("N/A".to_owned()),
            },
        };
        Ok(Output {
            user_name: user.map(|user| user.name),
            access_key_last_used: Some(last_used),
        })
    }
}
