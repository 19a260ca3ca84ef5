//! `ecr:DescribeRepositories`

use api::{
    Modeled,
    ecr::{
        Error,
        describe_repositories::{DescribeRepositories, Input, Output},
    },
};
use store::ecr::RepositoryAddress;

use super::{page::Wanted, repository};
use crate::{Cx, Operation};

impl Operation for DescribeRepositories {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let Some(names) = input.repository_names else {
            return all(cx, id, input.max_results, input.next_token.as_deref()).await;
        };
        if input.max_results.is_some() || input.next_token.is_some() {
            return Err(Error::InvalidParameter(
                "Invalid parameter at 'maxResults' failed to satisfy constraint: 'must not be given with repositoryNames'"
                    .to_owned(),
            ));
        }
        let mut repositories = Vec::new();
        for name in names {
            let address = repository::address(cx, id, &name)?;
            let row = repository::locate(cx, Self::ACTION, &address).await?;
            repositories.push(repository::shown(cx, &row)?);
        }
        Ok(Output {
            repositories: Some(repositories),
            next_token: None,
        })
    }
}

async fn all(
    cx: &mut Cx,
    registry_id: Option<&str>,
    max_results: Option<i32>,
    next_token: Option<&str>,
) -> Result<Output, Error> {
    // AWS: a list is authorised on all repositories of the registry at once.
    let every = RepositoryAddress {
        name: "*".to_owned(),
        ..repository::address(cx, registry_id, "")?
    };
    let access = repository::access(DescribeRepositories::ACTION, &every, None)?;
    repository::authorize(cx, access)?;
    let page = Wanted::of(max_results, next_token)?;
    let region = cx.region.clone();
    let mut rows = cx
        .db
        .ecr_repositories(&every.account, &region, &page.after, page.limit())
        .await?;
    let next_token = page.cut(&mut rows, |row| row.address.name.clone());
    let shown = rows.iter().map(|row| repository::shown(cx, row));
    Ok(Output {
        repositories: Some(shown.collect::<Result<_, _>>()?),
        next_token,
    })
}
