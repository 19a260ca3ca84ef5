//! `ecr:GetAuthorizationToken`

use api::{
    Modeled,
    ecr::{
        AuthorizationData, Error,
        get_authorization_token::{GetAuthorizationToken, Input, Output},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::SecretValue;

use super::{repository, token};
use crate::{Access, Cx, Operation};

/// The user name of every token.
const USER: &[u8] = b"AWS:";

impl Operation for GetAuthorizationToken {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let ids = input.registry_ids.unwrap_or_default();
        for id in &ids {
            repository::registry(cx, Some(id))?;
        }
        let (password, expires) = token::issue(&cx.world, &cx.caller)?;
        let login = SecretValue::from([USER, password.expose_secret()].concat());
        // One token is good for every registry here; what it opens is decided per repository.
        let data = AuthorizationData {
            authorization_token: Some(STANDARD.encode(login.expose_secret())),
            expires_at: Some(expires),
            proxy_endpoint: Some(cx.world.endpoint().to_owned()),
        };
        Ok(Output {
            authorization_data: Some(vec![data; ids.len().max(1)]),
        })
    }
}
