//! `ecs:DescribeServiceRevisions`

use api::{
    Modeled,
    ecs::{
        Error,
        describe_service_revisions::{DescribeServiceRevisions, Input, Output},
    },
};

use super::{
    here, missing,
    services::{self, RevisionRecord},
};
use crate::{Cx, Operation};

impl Operation for DescribeServiceRevisions {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let arns = input.service_revision_arns;
        services::check_number(arns.len(), "serviceRevisionArns")?;
        let mut wanted = Vec::new();
        for arn in arns {
            let named = here(cx).1.of_service_revision(&arn);
            let named = services::authorized(cx, Self::ACTION, &arn, named)?;
            wanted.push((arn, named));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for (arn, named) in wanted {
            let row = services::of(cx, &named).await?;
            let one = match &row {
                Some(row) => RevisionRecord::find(&mut cx.db, row, &named.id).await?,
                None => None,
            };
            match one {
                Some(one) => found.push(one.describe(&mut cx.db).await?),
                None => failures.push(missing(arn)),
            }
        }
        Ok(Output {
            service_revisions: Some(found),
            failures: Some(failures),
        })
    }
}
