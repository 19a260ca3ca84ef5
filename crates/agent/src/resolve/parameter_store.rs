//! Parameter Store: `GetParameters` with decryption, ten names at a time, each region and batch at once.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ssm::types::Parameter;
use ecs::{
    acs::Credentials,
    fargate::{self, Retrieval},
};
use futures::future::try_join_all;
use types::{Arn, SecretValue};

use super::{AwsClients, Reference, ResolveError, SecretSource, Values, Version, sdk_error::Call};
use crate::Wording;

/// The limit of `GetParameters`.
const BATCH: usize = 10;

/// Values of Parameter Store.
pub struct ParameterStore {
    clients: AwsClients,
}

impl ParameterStore {
    pub fn new(clients: AwsClients) -> Self {
        Self { clients }
    }

    async fn read(
        &self,
        region: &str,
        names: &[String],
        role: &Credentials,
    ) -> Result<Vec<(Reference, Found)>, ResolveError> {
        let is_fargate = self.clients.wording() == Wording::Fargate;
        let failed = |why: String| {
            ResolveError(if is_fargate {
                fargate::retrieval_failed(Retrieval::Parameters, &why)
            } else {
                format!("fetching secret data from SSM Parameter Store in {region}: {why}")
            })
        };
        let answer = self
            .clients
            .ssm(region, role)
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| failed(self.call(region).describe(&error)))?;

        let invalid = answer.invalid_parameters.unwrap_or_default();
        if !invalid.is_empty() {
            return Err(failed(if is_fargate {
                fargate::unknown_parameters(&invalid)
            } else {
                format!("invalid parameters: {}", invalid.join(","))
            }));
        }
        let found = by_every_name(answer.parameters.unwrap_or_default());
        names
            .iter()
            .map(|name| match find(&found, name) {
                Some(found) => Ok((
                    Reference {
                        value_from: name.clone(),
                        region: region.to_owned(),
                    },
                    found.clone(),
                )),
                // Where the reference agent sets an empty variable, the task is refused.
                None => Err(failed(format!(
                    "the answer does not say anything about {name}"
                ))),
            })
            .collect()
    }

    fn call(&self, region: &str) -> Call {
        Call {
            service: "SSM",
            operation: "GetParameters",
            modelled: &["InternalServerError", "InvalidKeyId"],
            url: self.clients.ssm_url(region),
            wording: self.clients.wording(),
        }
    }
}

#[async_trait]
impl SecretSource for ParameterStore {
    async fn fetch(
        &self,
        wanted: &[Reference],
        role: &Credentials,
    ) -> Result<Values, ResolveError> {
        // AWS: a name that is wanted twice is asked for twice, and counts twice towards the ten.
        let mut regions: Vec<(&str, Vec<String>)> = Vec::new();
        for Reference { value_from, region } in wanted {
            match regions.iter_mut().find(|(known, _)| known == region) {
                Some((_, names)) => names.push(value_from.clone()),
                None => regions.push((region, vec![value_from.clone()])),
            }
        }
        let batches = regions
            .iter()
            .flat_map(|(region, names)| names.chunks(BATCH).map(move |batch| (*region, batch)));
        let answers =
            try_join_all(batches.map(|(region, batch)| self.read(region, batch, role))).await?;
        let (mut found, mut versions) = (Vec::new(), Vec::new());
        for (reference, one) in answers.into_iter().flatten() {
            versions.extend(one.version.map(|version| (reference.clone(), version)));
            found.push((reference, one.value));
        }
        let mut values: Values = found.into_iter().collect();
        for (reference, version) in versions {
            values.note_version(reference, version);
        }
        values.checked()
    }
}

/// Which version of which secret stands behind `/aws/reference/secretsmanager/…`, as the source's own answer tells.
fn version_of_secret(source_result: &str) -> Option<Version> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Source {
        #[serde(rename = "ARN")]
        arn: String,
        version_id: String,
    }
    let source: Source = serde_json::from_str(source_result).ok()?;
    Some(Version {
        arn: source.arn,
        version: source.version_id,
    })
}

/// What a parameter holds, and which version of it that is.
#[derive(Clone)]
struct Found {
    value: SecretValue,
    version: Option<Version>,
}

/// The value for a name as it was asked for. Where that was an ARN, the answer may carry the bare name alone, and a name
/// of one level is the same with a slash in front and without one.
fn find<'a>(found: &'a HashMap<String, Found>, asked: &str) -> Option<&'a Found> {
    found.get(asked).or_else(|| {
        let arn = asked.parse::<Arn>().ok();
        let name = match &arn {
            Some(arn) => arn.resource.strip_prefix("parameter/")?,
            None => asked.strip_prefix('/').unwrap_or(asked),
        };
        found.get(name).or_else(|| found.get(&format!("/{name}")))
    })
}

/// The values by each text that may have asked for them: name, ARN, and either with the version or label behind it.
fn by_every_name(parameters: Vec<Parameter>) -> HashMap<String, Found> {
    let mut found = HashMap::new();
    for parameter in parameters {
        let version = parameter.source_result.as_deref().map_or_else(
            || {
                parameter.arn.clone().map(|arn| Version {
                    arn,
                    version: parameter.version.to_string(),
                })
            },
            version_of_secret,
        );
        let value = Found {
            value: SecretValue::from(parameter.value.unwrap_or_default()),
            version,
        };
        for name in [parameter.name, parameter.arn].into_iter().flatten() {
            if let Some(selector) = &parameter.selector {
                found.insert(format!("{name}{selector}"), value.clone());
            }
            found.insert(name, value.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_every_name_of_its_parameter() {
        let known = |name: &str| {
            let value = Found {
                value: SecretValue::from("v"),
                version: None,
            };
            HashMap::from([(name.to_owned(), value)])
        };
        let arn = "arn:aws:ssm:us-west-2:111122223333:parameter/db";
        for (answered, asked) in [
            ("db", "db"),
            ("db", "/db"),
            ("/db", "db"),
            ("db", arn),
            ("/db", arn),
        ] {
            assert!(
                find(&known(answered), asked).is_some(),
                "{answered} {asked}"
            );
        }
        assert!(find(&known("db"), "other").is_none());
        assert!(find(&known("/a/db"), "/db").is_none());
    }
}
