//! `ecs:DiscoverPollEndpoint`

use api::{
    Modeled,
    ecs::{
        Error,
        discover_poll_endpoint::{DiscoverPollEndpoint, Input, Output},
    },
};

use super::agents::SESSION_PATH;
use crate::{Access, Cx, Operation};

impl Operation for DiscoverPollEndpoint {
    async fn run(cx: &mut Cx, _: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let endpoint = format!("{}{SESSION_PATH}", cx.world.endpoint());
        Ok(Output {
            endpoint: Some(endpoint),
            ..Output::default()
        })
    }
}
