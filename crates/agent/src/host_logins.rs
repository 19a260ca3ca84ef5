//! The logins of the host: those that its operator set up for registries, whatever task pulls. A login of the container's
//! own, or a token of ECR, goes before them.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use types::SecretValue;

use crate::resolve::{Json, RegistryLogin};

/// Under which Docker Hub's login stands, whatever its images are called by.
const DOCKER_HUB: &str = "index.docker.io/v1/";

/// Logins by registry, with or without a path.
#[derive(Clone, Default)]
pub struct HostLogins(BTreeMap<String, RegistryLogin>);

/// What cannot be understood. It never repeats the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableLogins {
    #[error("ECS_ENGINE_AUTH_TYPE=`{0}` must be `docker` or `dockercfg`")]
    Type(String),
    #[error("ECS_ENGINE_AUTH_DATA must be a JSON object of registries, without an outer `auths`")]
    Data,
    #[error("ECS_ENGINE_AUTH_DATA has no user name and password for `{0}`")]
    Login(String),
}

impl HostLogins {
    /// From the values of `ECS_ENGINE_AUTH_TYPE` and `ECS_ENGINE_AUTH_DATA`.
    pub fn parse(kind: Option<&str>, data: Option<&SecretValue>) -> Result<Self, UnreadableLogins> {
        let (kind, Some(data)) = (kind.unwrap_or_default(), data) else {
            return Ok(Self::default());
        };
        let read: fn(&BTreeMap<String, Json>) -> Option<RegistryLogin> = match kind {
            "" => return Ok(Self::default()),
            "docker" => in_clear,
            "dockercfg" => encoded,
            other => return Err(UnreadableLogins::Type(other.to_owned())),
        };
        let data = data.expose_secret_str().unwrap_or_default();
        let registries = Json::parse_object(data).map_err(|_| UnreadableLogins::Data)?;
        let logins = registries.into_iter().map(|(registry, login)| {
            let Json::Object(members) = &login else {
                return Err(UnreadableLogins::Data);
            };
            let missing = || UnreadableLogins::Login(registry.clone());
            let login = read(members).ok_or_else(missing)?;
            Ok((without_scheme(&registry).to_owned(), login))
        });
        Ok(Self(logins.collect::<Result<_, _>>()?))
    }

    /// The login for an image: that of the longest name that begins the image's, up to a whole part of it.
    pub fn of_image(&self, image: &str) -> Option<&RegistryLogin> {
        if is_on_docker_hub(image) {
            return self.0.get(DOCKER_HUB);
        }
        let begins = |registry: &&String| {
            let rest = image.strip_prefix(registry.trim_end_matches('/'));
            // AWS: any prefix will do there, so that a login for one host could go to another whose name is longer.
            rest.is_some_and(|rest| rest.starts_with(['/', ':', '@']))
        };
        let longest = self.0.keys().filter(begins).max_by_key(|key| key.len())?;
        self.0.get(longest)
    }
}

fn without_scheme(registry: &str) -> &str {
    let rest = registry.split_once("://");
    rest.map_or(registry, |(_, rest)| rest)
}

fn is_on_docker_hub(image: &str) -> bool {
    let first = image.split_once('/').map_or("", |(first, _)| first);
    let hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
    !ecs::images::names_registry(image) || hub.contains(&first)
}

/// `{"username":…,"password":…}`
fn in_clear(members: &BTreeMap<String, Json>) -> Option<RegistryLogin> {
    let text = |name: &str| match members.get(name) {
        Some(Json::String(text)) if !text.is_empty() => Some(SecretValue::from(text.as_str())),
        _ => None,
    };
    Some(RegistryLogin {
        username: text("username")?,
        password: text("password")?,
    })
}

/// `{"auth":…}`: user name and password behind a colon, in Base64.
fn encoded(members: &BTreeMap<String, Json>) -> Option<RegistryLogin> {
    let Some(Json::String(auth)) = members.get("auth") else {
        return None;
    };
    let plain = SecretValue::from(STANDARD.decode(auth.as_bytes()).ok()?);
    let (username, password) = plain.expose_secret_str()?.split_once(':')?;
    (!username.is_empty() && !password.is_empty()).then(|| RegistryLogin {
        username: SecretValue::from(username),
        password: SecretValue::from(password),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(kind: &str, data: &str) -> Result<HostLogins, UnreadableLogins> {
        HostLogins::parse(Some(kind), Some(&SecretValue::from(data)))
    }

    fn user(logins: &HostLogins, image: &str) -> Option<String> {
        let login = logins.of_image(image)?;
        login.username.expose_secret_str().map(str::to_owned)
    }

    #[test]
    fn the_longest_name_that_begins_the_images_wins() {
        let data = r#"{"https://index.docker.io/v1/": {"username": "hub", "password": "p"}, "registry.test": {"username": "host", "password": "p"},
            "registry.test/team": {"username": "team", "password": "p", "email": "e"}, "http://other.test:5000": {"username": "port", "password": "p"}}"#;
        let logins = logins("docker", data).unwrap();
        for (image, expected) in [
            ("busybox", Some("hub")),
            ("team/app:1", Some("hub")),
            ("docker.io/team/app", Some("hub")),
            ("registry.test/app:1", Some("host")),
            ("registry.test/team/app:1", Some("team")),
            ("registry.test/teams/app:1", Some("host")),
            ("registry.test.evil.test/app", None),
            ("registry.test:5000/app", Some("host")),
            ("other.test:5000/app@sha256:00", Some("port")),
            ("other.test/app", None),
        ] {
            assert_eq!(user(&logins, image).as_deref(), expected, "{image}");
        }
    }

    #[test]
    fn dockers_own_file_is_read_without_its_outer_object() {
        let logins = logins(
            "dockercfg",
            r#"{"registry.test": {"auth": "dTpwOnE=", "email": ""}}"#,
        );
        let logins = logins.unwrap();
        let login = logins.of_image("registry.test/app").unwrap();
        assert_eq!(login.username.expose_secret(), b"u");
        assert_eq!(login.password.expose_secret(), b"p:q");
    }

    #[test]
    fn what_cannot_be_read_is_named_without_the_data() {
        let outcome = |kind, data| logins(kind, data).err().map(|error| error.to_string());
        let data =
            "ECS_ENGINE_AUTH_DATA must be a JSON object of registries, without an outer `auths`";
        assert_eq!(outcome("docker", "s3cr3t").as_deref(), Some(data));
        assert_eq!(
            outcome("docker", r#"{"r": "s3cr3t"}"#).as_deref(),
            Some(data)
        );
        for (kind, text) in [
            ("docker", r#"{"r": {"username": "u"}}"#),
            ("dockercfg", r#"{"r": {"auth": "s3cr3t"}}"#),
            ("dockercfg", r#"{"auths": {"r": {"auth": "dTpw"}}}"#),
        ] {
            assert!(
                outcome(kind, text)
                    .unwrap()
                    .starts_with("ECS_ENGINE_AUTH_DATA has no user name")
            );
        }
        assert!(outcome("basic", "{}").unwrap().contains("`basic` must be"));
        assert!(HostLogins::parse(Some("docker"), None).is_ok());
        assert!(HostLogins::parse(None, Some(&SecretValue::from("x"))).is_ok());
    }
}
