//! A service model as botocore ships it (`service-2.json`), without its documentation.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::plan::Newer;

#[derive(Deserialize)]
pub struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    pub service_id: String,
    pub signing_name: Option<String>,
    pub protocol: String,
    pub target_prefix: Option<String>,
    pub xml_namespace: Option<String>,
}

impl Metadata {
    /// The name in credential scopes, ARNs and IAM actions.
    pub fn signing_name(&self) -> &str {
        self.signing_name.as_ref().unwrap_or(&self.endpoint_prefix)
    }
}

#[derive(Deserialize)]
pub struct Operation {
    pub input: Option<Output>,
    pub output: Option<Output>,
    #[serde(default)]
    pub errors: Vec<Reference>,
}

/// An input or output: a structure, in the Query protocol within a named element.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub shape: String,
    pub result_wrapper: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub shape: String,
    pub location_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the model marks shapes so")]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    /// In the order of the model, which is the order of the answer.
    #[serde(default, deserialize_with = "members_in_order")]
    pub members: Vec<(String, Reference)>,
    #[serde(default)]
    pub required: Vec<String>,
    pub member: Option<Reference>,
    pub key: Option<Reference>,
    pub value: Option<Reference>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    pub min: Option<serde_json::Number>,
    pub max: Option<serde_json::Number>,
    pub pattern: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub document: bool,
    #[serde(default)]
    pub fault: bool,
    pub error: Option<ErrorTrait>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorTrait {
    pub code: Option<String>,
    pub http_status_code: Option<u16>,
}

fn members_in_order<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, Reference)>, D::Error> {
    let members = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
    members
        .into_iter()
        .map(|(name, value)| {
            Ok((
                name,
                serde_json::from_value(value).map_err(serde::de::Error::custom)?,
            ))
        })
        .collect()
}

impl Model {
    /// Reads the newest version of a service's model below botocore's directory.
    pub fn read(botocore: &Path, service: &str) -> anyhow::Result<Self> {
        let versions = botocore.join("data").join(service);
        let newest = fs::read_dir(&versions)
            .with_context(|| format!("listing {}", versions.display()))?
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<Vec<PathBuf>>>()?
            .into_iter()
            .max()
            .context("no version of the model")?;
        let plain = newest.join("service-2.json");
        let text = if plain.exists() {
            fs::read_to_string(plain)?
        } else {
            let mut text = String::new();
            GzDecoder::new(fs::File::open(newest.join("service-2.json.gz"))?)
                .read_to_string(&mut text)?;
            text
        };
        let model: Self = serde_json::from_str(&text)?;
        Ok(model)
    }

    /// Adds what newer releases have. Once the model has it itself, the plan is out of date.
    pub fn add(&mut self, newer: &Newer) -> anyhow::Result<()> {
        for (name, shape) in &newer.shapes {
            let shape = shape.clone().try_into().with_context(|| name.clone())?;
            if self.shapes.insert(name.clone(), shape).is_some() {
                bail!("the model has the shape {name} by now: take it out of `newer`");
            }
        }
        for (structure, members) in &newer.members {
            let shape = self.shapes.get_mut(structure);
            let shape = shape.with_context(|| format!("no structure {structure}"))?;
            for (name, shape_name) in members {
                if shape.members.iter().any(|(known, _)| known == name) {
                    bail!("the model has {structure}.{name} by now: take it out of `newer`");
                }
                let reference = Reference {
                    shape: shape_name.clone(),
                    location_name: None,
                };
                shape.members.push((name.clone(), reference));
            }
        }
        Ok(())
    }

    pub fn shape(&self, name: &str) -> anyhow::Result<&Shape> {
        self.shapes
            .get(name)
            .with_context(|| format!("the model has no shape {name}"))
    }

    /// Whether the service speaks the Query protocol; the others speak JSON 1.1.
    pub fn is_query(&self) -> bool {
        self.metadata.protocol == "query"
    }

    pub fn refuse_what_the_codecs_cannot(&self) -> anyhow::Result<()> {
        for (name, shape) in &self.shapes {
            let renamed = shape
                .members
                .iter()
                .map(|(_, reference)| reference)
                .chain(&shape.member)
                .chain(&shape.key)
                .chain(&shape.value)
                .any(|reference| reference.location_name.is_some());
            if renamed || shape.flattened {
                bail!("{name} has wire names of its own, which the codecs do not know");
            }
        }
        for (name, operation) in &self.operations {
            let wrapper = operation
                .output
                .as_ref()
                .and_then(|o| o.result_wrapper.as_ref());
            if wrapper.is_some_and(|wrapper| *wrapper != format!("{name}Result")) {
                bail!("the result of {name} is wrapped in another element than {name}Result");
            }
        }
        Ok(())
    }
}
