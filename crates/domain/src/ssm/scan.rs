//! One page of a list of parameters.

use api::ssm::Error;
use store::parameters::{Parameter, ParameterPage, ParameterScope};

use super::{errors, filters::Filter};
use crate::{Cx, page_token};

/// So many rows are looked at in one go while a filter is searched for.
const CHUNK: i64 = 200;

/// Which parameters a list has, and how many a page holds.
pub(super) struct Scan<'a> {
    pub(super) scope: ParameterScope<'a>,
    pub(super) filters: &'a [Filter],
    pub(super) wanted: usize,
}

impl Scan<'_> {
    /// The page that a token leads to, in the order of paths, and the token of the next one if there is more.
    pub(super) async fn page(
        &self,
        cx: &mut Cx,
        token: Option<&str>,
    ) -> Result<(Vec<Parameter>, Option<String>), Error> {
        let account = cx.account().clone();
        let place = token.map(|token| page_token::read(token).ok_or_else(errors::invalid_token));
        let mut after: Option<String> = place.transpose()?;
        let labels = self.filters.iter().find(|filter| filter.is_label());
        let labels = labels
            .map(|filter| filter.values.as_slice())
            .unwrap_or_default();

        let mut found = Vec::new();
        loop {
            let page = ParameterPage {
                account: &account,
                region: &cx.region,
                scope: self.scope,
                after: after.as_deref(),
                labels,
                limit: CHUNK,
            };
            let chunk = cx.db.list_parameters(page).await?;
            let Some(last) = chunk.last() else {
                return Ok((found, None));
            };
            after = Some(last.path.clone());
            for parameter in chunk {
                if !self.filters.iter().all(|filter| filter.admits(&parameter)) {
                    continue;
                }
                if found.len() == self.wanted {
                    let token = found
                        .last()
                        .map(|last: &Parameter| page_token::write(&last.path));
                    return Ok((found, token));
                }
                found.push(parameter);
            }
        }
    }
}
