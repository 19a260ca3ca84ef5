//! `kms:DescribeKey`

use api::kms::{
    Error,
    describe_key::{DescribeKey, Input, Output},
};

use super::{authorize::Use, grant_token, locate};
use crate::{Cx, Operation};

impl Operation for DescribeKey {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        grant_token::check_all(input.grant_tokens.as_ref())?;
        let located = locate::locate_or_make(cx, &input.key_id).await?;
        let key = located.authorize(cx, Use::of("kms:DescribeKey")).await?;
        Ok(Output {
            key_metadata: Some(key.metadata()?),
        })
    }
}
