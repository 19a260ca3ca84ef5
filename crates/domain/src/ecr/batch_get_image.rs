//! `ecr:BatchGetImage`

use api::{
    Modeled,
    ecr::{
        Error,
        batch_get_image::{BatchGetImage, Input, Output},
    },
};

use super::{images, repository};
use crate::{Cx, Operation};

impl Operation for BatchGetImage {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for id in input.image_ids {
            match images::find(cx, &address, &id).await? {
                Ok(row) => found.push(images::shown(&address, row, id.image_tag)),
                Err(failure) => failures.push(failure),
            }
        }
        Ok(Output {
            images: Some(found),
            failures: Some(failures),
        })
    }
}
