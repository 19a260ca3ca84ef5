//! Tokens of ECR: a registry login that the role asks for, instead of a stored one.

use aws_credential_types::provider::SharedCredentialsProvider;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ecs::{
    acs::{Container, EcrAuthData},
    fargate::{self, Retrieval},
    images::EcrImage,
};
use types::SecretValue;

use super::{AwsClients, RegistryLogin, ResolveError, sdk_error::Call};
use crate::Wording;

const MODELLED_ERRORS: &[&str] = &["InvalidParameterException", "ServerException"];

/// A token as a login, and the registry that takes it.
#[derive(Clone)]
pub struct EcrLogin {
    pub login: RegistryLogin,
    /// Host and port of the registry.
    registry: String,
}

impl EcrLogin {
    /// The name by which the image is pulled. AWS's own registries are named by account and region; where another one
    /// stands in for all of them, both go into the path.
    pub fn source_of(&self, image: &str) -> String {
        let registry = &self.registry;
        let is_aws =
            registry.ends_with(".amazonaws.com") || registry.ends_with(".amazonaws.com.cn");
        match EcrImage::parse(image) {
            Some(EcrImage {
                account,
                region,
                name,
            }) if !is_aws => format!("{registry}/{account}/{region}/{name}"),
            _ => image.to_owned(),
        }
    }
}

/// Asks ECR for tokens.
pub struct EcrLogins {
    clients: AwsClients,
}

impl EcrLogins {
    pub fn new(clients: AwsClients) -> Self {
        Self { clients }
    }

    /// A token for the registry, asked for with these credentials.
    pub async fn fetch(
        &self,
        registry: &EcrAuthData,
        image: &str,
        credentials: SharedCredentialsProvider,
    ) -> Result<EcrLogin, ResolveError> {
        let login = self.ask(registry, image, credentials).await;
        login.map_err(|error| self.in_words(error))
    }

    fn in_words(&self, error: ResolveError) -> ResolveError {
        match self.clients.wording() {
            Wording::Current | Wording::V1_83 => error,
            Wording::Fargate => {
                let why = error.to_string();
                ResolveError(fargate::retrieval_failed(Retrieval::EcrToken, &why))
            }
        }
    }

    async fn ask(
        &self,
        registry: &EcrAuthData,
        image: &str,
        credentials: SharedCredentialsProvider,
    ) -> Result<EcrLogin, ResolveError> {
        let region = &registry.region;
        let client = self.clients.ecr(region, credentials);
        #[expect(
            deprecated,
            reason = "the registry id is what tells the registry of another account"
        )]
        let request = client
            .get_authorization_token()
            .registry_ids(&registry.registry_id);
        let answer = request.send().await.map_err(|error| {
            let call = Call {
                service: "ECR",
                operation: "GetAuthorizationToken",
                modelled: MODELLED_ERRORS,
                url: self.clients.ecr_url(region),
                wording: self.clients.wording(),
            };
            ResolveError(call.describe(&error))
        })?;
        let data = answer.authorization_data.unwrap_or_default();
        let data = data.into_iter().next().ok_or_else(|| missing(image))?;
        let token = data.authorization_token.map(SecretValue::from);
        let endpoint = data.proxy_endpoint.unwrap_or_default();
        Ok(EcrLogin {
            login: parse_token(&token.unwrap_or_default()).ok_or_else(malformed)?,
            registry: host_of(&endpoint).to_owned(),
        })
    }
}

fn missing(image: &str) -> ResolveError {
    ResolveError(format!(
        "ecr auth: missing AuthorizationData in ECR response for {image}"
    ))
}

fn malformed() -> ResolveError {
    ResolveError("ecr auth: the authorization token is malformed".to_owned())
}

/// `user:password` in Base64, split at the first colon.
fn parse_token(token: &SecretValue) -> Option<RegistryLogin> {
    let plain = STANDARD.decode(token.expose_secret()).ok()?;
    let plain = SecretValue::from(plain);
    let (username, password) = plain.expose_secret_str()?.split_once(':')?;
    Some(RegistryLogin {
        username: SecretValue::from(username),
        password: SecretValue::from(password),
    })
}

fn host_of(endpoint: &str) -> &str {
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// The ECR registry whose token a container's pull needs, if it does.
pub(crate) fn wanted_token(container: &Container) -> Option<&EcrAuthData> {
    let authentication = container.registry_authentication.as_ref()?;
    let data = authentication.ecr_auth_data.as_ref()?;
    (authentication.kind == "ecr").then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(endpoint: &str, image: &str) -> String {
        let login = EcrLogin {
            login: parse_token(&SecretValue::from("QVdTOmE6Yg==")).unwrap(),
            registry: host_of(endpoint).to_owned(),
        };
        login.source_of(image)
    }

    #[test]
    fn a_token_is_split_at_its_first_colon() {
        let login = parse_token(&SecretValue::from("QVdTOmE6Yg==")).unwrap();
        assert_eq!(login.username.expose_secret(), b"AWS");
        assert_eq!(login.password.expose_secret(), b"a:b");
        for bad in ["", "no base64", "QVdT"] {
            assert!(parse_token(&SecretValue::from(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn images_of_ecr_are_pulled_from_the_registry_that_gave_the_token() {
        let image = "111122223333.dkr.ecr.us-west-2.amazonaws.com/team/app:1";
        assert_eq!(
            source("http://127.0.0.1:4566", image),
            "127.0.0.1:4566/111122223333/us-west-2/team/app:1"
        );
        let aws = "https://111122223333.dkr.ecr.us-west-2.amazonaws.com";
        assert_eq!(source(aws, image), image);
        let own = "127.0.0.1:4566/team/app:1";
        assert_eq!(source("http://127.0.0.1:4566", own), own);
    }
}
