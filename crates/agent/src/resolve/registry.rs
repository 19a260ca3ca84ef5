//! Registry logins: user name and password of a private registry, out of a secret of Secrets Manager.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ecs::{
    acs::{Container, Credentials},
    fargate::{self, Retrieval},
};
use types::SecretValue;

use super::{AwsClients, Json, ResolveError, secrets_manager::get_secret_value};
use crate::Wording;

/// A user name and password. Docker sends them to whatever registry the image's name says.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    pub username: SecretValue,
    pub password: SecretValue,
}

impl RegistryLogin {
    /// What must not stand in a text: the password, and the login as HTTP sends it.
    pub(crate) fn forms(&self) -> [SecretValue; 2] {
        let mut plain = self.username.expose_secret().to_vec();
        plain.push(b':');
        plain.extend_from_slice(self.password.expose_secret());
        let plain = SecretValue::from(plain);
        let basic = SecretValue::from(STANDARD.encode(plain.expose_secret()));
        [self.password.clone(), basic]
    }
}

/// Reads the logins that a task's containers name.
pub struct RegistryLogins {
    clients: AwsClients,
}

impl RegistryLogins {
    pub fn new(clients: AwsClients) -> Self {
        Self { clients }
    }

    /// The logins by `credentialsParameter`. They are read one after another and the first failure ends it, as the
    /// reference agent does.
    pub async fn fetch<'a>(
        &self,
        containers: impl IntoIterator<Item = &'a Container>,
        role: &Credentials,
    ) -> Result<HashMap<String, RegistryLogin>, ResolveError> {
        let mut logins = HashMap::new();
        for container in containers {
            let Some((parameter, region)) = wanted_login(container) else {
                continue;
            };
            // AWS: the region does not count; of one name in two regions, the first one's login serves both.
            if logins.contains_key(parameter) {
                continue;
            }
            let login = self.read(parameter, region, role).await;
            let login = login.map_err(|error| self.in_words(error))?;
            logins.insert(parameter.to_owned(), login);
        }
        Ok(logins)
    }

    fn in_words(&self, error: ResolveError) -> ResolveError {
        match self.clients.wording() {
            Wording::Current | Wording::V1_83 => error,
            Wording::Fargate => {
                let why = error.to_string();
                ResolveError(fargate::retrieval_failed(Retrieval::RegistryLogin, &why))
            }
        }
    }

    async fn read(
        &self,
        parameter: &str,
        region: &str,
        role: &Credentials,
    ) -> Result<RegistryLogin, ResolveError> {
        let answer = self
            .clients
            .secrets_manager(region, role)
            .get_secret_value()
            .secret_id(parameter)
            .send()
            .await
            .map_err(|error| {
                let call = get_secret_value(&self.clients, region);
                let text = call.describe(&error);
                ResolveError(format!(
                    "asm fetching secret from the service for {parameter}: {text}"
                ))
            })?;
        parse_login(
            &answer
                .secret_string
                .map(SecretValue::from)
                .unwrap_or_default(),
        )
    }
}

/// The `credentialsParameter` of a container and its region, where it has one.
pub(crate) fn wanted_login(container: &Container) -> Option<(&str, &str)> {
    let authentication = container.registry_authentication.as_ref()?;
    let data = authentication.asm_auth_data.as_ref()?;
    (authentication.kind == "asm").then_some((&data.credentials_parameter, &data.region))
}

/// `{"username":…,"password":…}`. The case of the keys does not matter, and others are ignored.
fn parse_login(secret: &SecretValue) -> Result<RegistryLogin, ResolveError> {
    let refused = |why: &str| ResolveError(format!("asm fetching {why}"));
    if secret.is_empty() {
        return Err(refused("authorization data: empty secrets value"));
    }
    let schema = || refused("authorization data: unable to unmarshal secret value, invalid schema");
    let members =
        Json::parse_object(secret.expose_secret_str().unwrap_or_default()).map_err(|_| schema())?;
    let username = text_member(&members, "username").ok_or_else(schema)?;
    let password = text_member(&members, "password").ok_or_else(schema)?;
    for (name, value) in [("username", &username), ("password", &password)] {
        if value.is_empty() {
            return Err(refused(&format!(
                "{name}: AuthorizationData is malformed, empty field"
            )));
        }
    }
    Ok(RegistryLogin { username, password })
}

/// A member as text, empty where it is missing or null; `None` where it is something else.
fn text_member(members: &BTreeMap<String, Json>, name: &str) -> Option<SecretValue> {
    let mut found = members
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value);
    found.try_fold(SecretValue::default(), |_, value| match value {
        Json::Null => Some(SecretValue::default()),
        Json::String(text) => Some(SecretValue::from(text.as_str())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(secret: &str) -> String {
        match parse_login(&SecretValue::from(secret)) {
            Ok(login) => format!(
                "{}:{}",
                login.username.expose_secret_str().unwrap(),
                login.password.expose_secret_str().unwrap()
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_login_is_an_object_with_two_texts() {
        assert_eq!(outcome(r#"{"Username":"u","PASSWORD":"p","x":1}"#), "u:p");
        let schema =
            "asm fetching authorization data: unable to unmarshal secret value, invalid schema";
        for bad in ["u:p", r#"{"username":5,"password":"p"}"#, "[]"] {
            assert_eq!(outcome(bad), schema, "{bad}");
        }
    }

    #[test]
    fn missing_empty_and_null_are_named() {
        assert_eq!(
            outcome(""),
            "asm fetching authorization data: empty secrets value"
        );
        assert_eq!(
            outcome(r#"{"username":"","password":"p"}"#),
            "asm fetching username: AuthorizationData is malformed, empty field"
        );
        for bad in [r#"{"username":"u"}"#, r#"{"username":"u","password":null}"#] {
            assert_eq!(
                outcome(bad),
                "asm fetching password: AuthorizationData is malformed, empty field"
            );
        }
    }
}
