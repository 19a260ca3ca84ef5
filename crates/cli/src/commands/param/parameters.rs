//! Parameter Store through the official SDK.

use std::collections::HashMap;

use anyhow::{Context as _, Result, anyhow};
use aws_sdk_ssm::{
    Client,
    config::{BehaviorVersion, Region as SdkRegion},
    error::{DisplayErrorContext, ProvideErrorMetadata},
    operation::put_parameter::builders::PutParameterFluentBuilder,
    types::{Parameter, ParameterMetadata, ParameterStringFilter},
};
use types::{Region, SecretValue};

use crate::target::StoreTarget;

/// The limit of `GetParameters`.
const BATCH: usize = 10;

pub struct Parameters(Client);

/// What there is under a name.
pub struct Current {
    pub version: i64,
    pub value: SecretValue,
}

/// What is there already, as far as the caller may know it.
pub enum Existing {
    Known(HashMap<String, Current>),
    /// The caller may write but not read.
    Unreadable,
}

impl Parameters {
    pub fn new(target: &StoreTarget, region: &Region) -> Self {
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(SdkRegion::new(region.to_string()))
            .endpoint_url(&target.endpoint.url)
            .credentials_provider(target.endpoint.credentials.clone())
            .build();
        Self(Client::from_conf(config))
    }

    /// Everything below a path, without values, in the order of names.
    pub async fn describe(&self, path: &str) -> Result<Vec<ParameterMetadata>> {
        let filter = ParameterStringFilter::builder()
            .key("Path")
            .option("Recursive")
            .values(or_root(path))
            .build()?;
        let mut pages = self.0.describe_parameters();
        // The top holds names without a slash too, and no filter is needed for all there is.
        if !path.is_empty() {
            pages = pages.parameter_filters(filter);
        }
        let mut pages = pages.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.map_err(in_words)?.parameters.unwrap_or_default());
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// What is below a path, with values, in the order of names.
    pub async fn values(&self, path: &str, recursive: bool) -> Result<Vec<Parameter>> {
        let pages = self
            .0
            .get_parameters_by_path()
            .path(or_root(path))
            .recursive(recursive)
            .with_decryption(true);
        let mut pages = pages.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            found.extend(page.map_err(in_words)?.parameters.unwrap_or_default());
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// What there is under these names.
    pub async fn existing(&self, names: &[String]) -> Result<Existing> {
        let mut known = HashMap::new();
        for names in names.chunks(BATCH) {
            let get = self.0.get_parameters().set_names(Some(names.to_vec()));
            let answer = match get.with_decryption(true).send().await {
                Ok(answer) => answer,
                Err(error) if error.code() == Some("AccessDeniedException") => {
                    return Ok(Existing::Unreadable);
                }
                Err(error) => return Err(in_words(error)),
            };
            for one in answer.parameters.unwrap_or_default() {
                let name = one.name.context("a parameter came without a name")?;
                let current = Current {
                    version: one.version,
                    value: SecretValue::from(one.value.unwrap_or_default()),
                };
                known.insert(slashed(&name), current);
            }
        }
        Ok(Existing::Known(known))
    }

    pub fn put(&self) -> PutParameterFluentBuilder {
        self.0.put_parameter()
    }
}

/// A name with its leading slash: `a` and `/a` are one parameter.
pub fn slashed(name: &str) -> String {
    if name.starts_with('/') {
        name.to_owned()
    } else {
        format!("/{name}")
    }
}

fn or_root(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The server's own words where it answered, and why it could not be asked where it did not.
pub fn in_words<E, R>(error: aws_sdk_ssm::error::SdkError<E, R>) -> anyhow::Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) if !message.is_empty() => anyhow!("{code}: {message}"),
        (Some(code), _) => anyhow!("{code}"),
        _ => anyhow!("{}", DisplayErrorContext(error)),
    }
}
