//! `ecr:BatchCheckLayerAvailability`

use api::{
    Modeled,
    ecr::{
        Error, Layer, LayerAvailability, LayerFailure, LayerFailureCode,
        batch_check_layer_availability::{BatchCheckLayerAvailability, Input, Output},
    },
};

use super::{manifest::is_digest, repository};
use crate::{Cx, Operation};

impl Operation for BatchCheckLayerAvailability {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let id = input.registry_id.as_deref();
        let address = repository::address(cx, id, &input.repository_name)?;
        repository::locate(cx, Self::ACTION, &address).await?;
        let (mut layers, mut failures) = (Vec::new(), Vec::new());
        for digest in input.layer_digests {
            if !is_digest(&digest) {
                failures.push(LayerFailure {
                    layer_digest: Some(digest),
                    failure_code: Some(LayerFailureCode::InvalidLayerDigest),
                    failure_reason: Some(
                        "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
                            .to_owned(),
                    ),
                });
                continue;
            }
            // A layer that no image names yet is one that is still being pushed.
            let known = cx.db.ecr_layer(&address, &digest).await?;
            let availability = match known {
                Some(_) => LayerAvailability::Available,
                None => LayerAvailability::Unavailable,
            };
            layers.push(Layer {
                layer_digest: Some(digest),
                layer_availability: Some(availability),
                layer_size: known.as_ref().map(|layer| layer.size),
                media_type: known.map(|layer| layer.media_type),
            });
        }
        Ok(Output {
            layers: Some(layers),
            failures: Some(failures),
        })
    }
}
