//! From names to parameters, by way of the decision whether the caller may.

use std::collections::HashMap;

use api::ssm::Error;
use store::parameters::{Parameter, ParameterKey, WantedParameters};

use super::{
    errors,
    names::{Asked, Name, NameError, Selector},
};
use crate::{Access, Cx};

/// A parameter that was looked for. Nothing of it can be read until [`authorize`](Self::authorize) gives it out.
pub(super) struct Located {
    arn: String,
    /// Its latest version.
    latest: Option<Parameter>,
}

/// Looks for the parameter of a name in the caller's account.
pub(super) async fn locate(cx: &mut Cx, name: &Name) -> Result<Located, Error> {
    let account = cx.account().clone();
    let key = ParameterKey {
        account: &account,
        region: &cx.region,
        path: &name.path,
    };
    let latest = cx.db.parameter(key).await?;
    Ok(Located {
        arn: arn_of(cx, &name.path),
        latest,
    })
}

/// The ARN of the parameter at a path of the caller's account: one slash after `parameter`, never two.
pub(super) fn arn_of(cx: &Cx, path: &str) -> String {
    cx.arn("ssm", format!("parameter{path}")).to_string()
}

impl Located {
    /// Gives out the latest version to a caller who may, and `None` where there is no such parameter.
    pub(super) fn authorize(self, cx: &mut Cx, action: &str) -> Result<Option<Parameter>, Error> {
        self.authorize_with(cx, action, |access| access)
    }

    /// As [`authorize`](Self::authorize), with what else the request says.
    pub(super) fn authorize_with(
        self,
        cx: &mut Cx,
        action: &str,
        say: impl FnOnce(Access) -> Access,
    ) -> Result<Option<Parameter>, Error> {
        let mut access = say(Access::new(action, self.arn.as_str()));
        match &self.latest {
            Some(parameter) => {
                let tags = parameter.tags.iter().flatten();
                let tags = tags.map(|tag| (tag.key.as_str(), tag.value.as_str()));
                access = access.with_resource_tags(tags);
            }
            // AWS: a denial does not name a parameter that does not exist.
            None => access = access.shown_as(cx.arn("ssm", "*").to_string()),
        }
        cx.authorize(access)?;
        Ok(self.latest)
    }
}

/// What a read found.
pub(super) enum Found {
    /// The version that was asked for, and the selector that chose it.
    Parameter(Box<Parameter>, Option<Selector>),
    /// A secret that is read through Parameter Store.
    Reference(Reference),
    Missing(Missing),
}

/// A secret of Secrets Manager, by the name it has in Parameter Store.
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) secret_id: String,
    pub(super) selector: Option<String>,
}

/// What there is not.
pub(super) enum Missing {
    Parameter,
    Version { version: String, name: String },
    Reference { name: String },
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Parameter => errors::not_found(),
            Missing::Version { version, name } => errors::version_not_found(&version, &name),
            Missing::Reference { name } => Self::ParameterNotFound(format!(
                "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {name} not found."
            )),
        }
    }
}

/// Finds what a read asks for by names or ARNs, each in its place, for a caller who may have all of them.
///
/// One statement reads every parameter, and each name is decided about once, before any value is opened.
pub(super) async fn find(cx: &mut Cx, action: &str, names: &[String]) -> Result<Vec<Found>, Error> {
    let mut asked = Vec::with_capacity(names.len());
    for name in names {
        asked.push(match Asked::parse(name) {
            Ok(asked) => Some(asked),
            Err(NameError::NotFound) => None,
            Err(error) => return Err(error.into()),
        });
    }
    let versions = Versions::read(cx, asked.iter().flatten()).await?;
    let mut found = Vec::with_capacity(asked.len());
    for asked in asked {
        found.push(match asked {
            Some(asked) => decide(cx, action, asked, &versions)?,
            None => Found::Missing(Missing::Parameter),
        });
    }
    Ok(found)
}

/// Decides about one name, and takes what it asks for from what was read.
fn decide(cx: &mut Cx, action: &str, asked: Asked, versions: &Versions) -> Result<Found, Error> {
    let (name, arn, selector) = match asked {
        Asked::Parameter {
            name,
            arn,
            selector,
        } => (name, arn, selector),
        Asked::Reference {
            name,
            secret_id,
            selector,
        } => {
            cx.authorize(Access::new(action, arn_of(cx, &name)))?;
            return Ok(Found::Reference(Reference {
                name,
                secret_id,
                selector,
            }));
        }
    };
    if let Some(arn) = arn.filter(|arn| *arn != cx.arn("ssm", "parameter")) {
        // Parameters are not shared between accounts here, and an ARN of another region names nothing in this one.
        let mut access = Access::new(action, format!("{arn}{}", name.path));
        if let Ok(owner) = arn.account.parse() {
            access = access.resource_account(&owner);
        }
        cx.authorize(access)?;
        return Ok(Found::Missing(Missing::Parameter));
    }
    let located = Located {
        arn: arn_of(cx, &name.path),
        latest: versions.latest(&name.path),
    };
    let Some(latest) = located.authorize(cx, action)? else {
        return Ok(Found::Missing(Missing::Parameter));
    };
    let version = match &selector {
        None => Some(latest),
        Some(selector) => versions.selected(&name.path, selector),
    };
    Ok(match (version, selector) {
        (Some(version), selector) => Found::Parameter(Box::new(version), selector),
        (None, selector) => Found::Missing(Missing::Version {
            version: selector.map(|selector| selector.text()).unwrap_or_default(),
            name: name.given,
        }),
    })
}

/// The versions that the names of one request mean, read together.
#[derive(Default)]
struct Versions {
    by_number: HashMap<(String, i64), Parameter>,
    by_label: HashMap<(String, String), i64>,
    latest: HashMap<String, i64>,
}

impl Versions {
    async fn read(cx: &mut Cx, asked: impl Iterator<Item = &Asked>) -> Result<Self, Error> {
        let mut wanted = WantedParameters::default();
        let own = cx.arn("ssm", "parameter");
        for asked in asked {
            let Asked::Parameter {
                name,
                arn,
                selector,
            } = asked
            else {
                continue;
            };
            if arn.as_ref().is_some_and(|arn| *arn != own) {
                continue;
            }
            wanted.paths.push(name.path.clone());
            match selector {
                Some(Selector::Version(number)) => wanted.versions.push(*number),
                Some(Selector::Label(label)) => wanted.labels.push(label.clone()),
                None => {}
            }
        }
        let account = cx.account().clone();
        let rows = cx.db.find_parameters(&account, &cx.region, wanted).await?;
        let mut versions = Self::default();
        for row in rows {
            let (path, number) = (row.parameter.path.clone(), row.parameter.version);
            versions
                .latest
                .insert(path.clone(), row.parameter.latest_version);
            if let Some(label) = row.label {
                versions.by_label.insert((path.clone(), label), number);
            }
            versions.by_number.insert((path, number), row.parameter);
        }
        Ok(versions)
    }

    fn latest(&self, path: &str) -> Option<Parameter> {
        self.version(path, *self.latest.get(path)?)
    }

    fn selected(&self, path: &str, selector: &Selector) -> Option<Parameter> {
        let number = match selector {
            Selector::Version(number) => *number,
            Selector::Label(label) => *self.by_label.get(&(path.to_owned(), label.clone()))?,
        };
        self.version(path, number)
    }

    fn version(&self, path: &str, number: i64) -> Option<Parameter> {
        self.by_number.get(&(path.to_owned(), number)).cloned()
    }
}
