//! `kms:ListKeyPolicies`

use api::kms::{
    Error,
    list_key_policies::{Input, ListKeyPolicies, Output},
};

use super::{authorize::Use, key_policy, locate, page::Page};
use crate::{Cx, Operation};

impl Operation for ListKeyPolicies {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        // The one page there is never names a next one.
        Page::new(input.limit, input.marker, |_| false)?;
        let located = locate::locate_own(cx, &input.key_id).await?;
        located
            .authorize(cx, Use::of("kms:ListKeyPolicies"))
            .await?;
        Ok(Output {
            policy_names: Some(vec![key_policy::NAME.to_owned()]),
            next_marker: None,
            truncated: Some(false),
        })
    }
}
