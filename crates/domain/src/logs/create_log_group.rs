//! `logs:CreateLogGroup`

use api::{
    Modeled as _,
    logs::{
        Error, LogGroupClass,
        create_log_group::{CreateLogGroup, Input, Output},
    },
};
use crypto::Key;
use store::logs::LogGroup;

use super::{chunk, errors, locate, tags};
use crate::{Access, Cx, Operation};

impl Operation for CreateLogGroup {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let tags = tags::from_map(input.tags.unwrap_or_default())?;
        let pairs = || {
            tags.iter()
                .map(|tag| (tag.key.as_str(), tag.value.as_str()))
        };
        let arn = locate::group_arn(cx, &input.log_group_name);
        let resource = format!("{arn}:log-stream:");
        cx.authorize(Access::new(Self::ACTION, resource).with_request_tags(pairs()))?;
        if !tags.is_empty() {
            cx.authorize(Access::new("logs:TagResource", arn).with_request_tags(pairs()))?;
        }
        if input.kms_key_id.is_some() {
            return Err(errors::invalid(
                "sealift seals every log group under a key of its own; kmsKeyId cannot be chosen.",
            ));
        }
        if !matches!(input.log_group_class, None | Some(LogGroupClass::Standard)) {
            return Err(errors::invalid(
                "sealift has log groups of the class STANDARD only.",
            ));
        }

        let id = cx.entropy().uuid();
        let key = Key::generate(cx.entropy());
        let group = LogGroup {
            sealed_key: chunk::seal_key(&cx.world, &id, &key),
            id,
            account: cx.account().clone(),
            region: cx.region.clone(),
            name: input.log_group_name,
            retention_days: None,
            tags,
            created: cx.now(),
        };
        if !cx.db.insert_log_group(&group).await? {
            return Err(Error::ResourceAlreadyExists(
                "The specified log group already exists".to_owned(),
            ));
        }
        Ok(Output {})
    }
}
