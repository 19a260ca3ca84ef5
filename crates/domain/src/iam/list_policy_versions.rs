//! `iam:ListPolicyVersions`

use api::{
    Modeled as _,
    iam::{
        Error,
        list_policy_versions::{Input, ListPolicyVersions, Output},
    },
};

use super::{
    answer,
    locate::{self, Managed},
    page::Page,
};
use crate::{Cx, Operation};

impl Operation for ListPolicyVersions {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let versions = match locate::policy(cx, Self::ACTION, &input.policy_arn).await? {
            Managed::Customer(row) => {
                let versions = cx.db.policy_versions(&row.id).await?;
                versions
                    .iter()
                    .map(|version| answer::version(&row, version))
                    .collect()
            }
            Managed::Aws(policy) => vec![answer::aws_version(policy)],
        };
        let page = Page::new(input.marker.as_deref(), input.max_items)?;
        // The newest first: a list without its documents, in the order of a number that counts down.
        let numbered = versions.into_iter().enumerate().collect();
        let paged = page.cut_all(numbered, |(number, _)| format!("{number:04}"));
        let paged = paged.map(|(_, version)| version);
        Ok(Output {
            versions: Some(paged.items),
            is_truncated: paged.is_truncated,
            marker: paged.marker,
        })
    }
}
