//! `ecr:GetDownloadUrlForLayer`

use api::{
    Modeled,
    ecr::{
        Error,
        get_download_url_for_layer::{GetDownloadUrlForLayer, Input, Output},
    },
};

use super::{link, registry, repository};
use crate::{Cx, Operation};

impl Operation for GetDownloadUrlForLayer {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let digest = input.layer_digest;
        if cx.db.ecr_layer(&address, &digest).await?.is_none() {
            return Err(Error::LayersNotFound(format!(
                "The layer with digest '{digest}' does not exist within the repository with name '{}' in the registry with id '{}'",
                address.name, address.account
            )));
        }
        let secret = link::issue(&cx.world, &registry::layer(&address, &digest));
        let url = format!(
            "{}/v2/{}/{}/{}/blobs/{digest}?link={secret}",
            cx.world.endpoint(),
            address.account,
            address.region,
            address.name
        );
        Ok(Output {
            download_url: Some(url),
            layer_digest: Some(digest),
        })
    }
}
