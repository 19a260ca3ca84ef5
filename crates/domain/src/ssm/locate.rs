//! From a name to the parameter, by way of the decision whether the caller may.

use api::ssm::Error;
use store::parameters::{Parameter, ParameterKey};

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
        let mut access = Access::new(action, self.arn.as_str());
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
            Missing::Version { version, name } => Self::ParameterVersionNotFound(format!(
                "Systems Manager could not find version {version} of {name}. Verify the version and try again."
            )),
            Missing::Reference { name } => Self::ParameterNotFound(format!(
                "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {name} not found."
            )),
        }
    }
}

/// Finds what a read asks for by name or ARN, for a caller who may.
pub(super) async fn find(cx: &mut Cx, action: &str, asked: &str) -> Result<Found, Error> {
    let (name, arn, selector) = match Asked::parse(asked) {
        Ok(Asked::Parameter {
            name,
            arn,
            selector,
        }) => (name, arn, selector),
        Ok(Asked::Reference {
            name,
            secret_id,
            selector,
        }) => {
            cx.authorize(Access::new(action, arn_of(cx, &name)))?;
            return Ok(Found::Reference(Reference {
                name,
                secret_id,
                selector,
            }));
        }
        Err(NameError::NotFound) => return Ok(Found::Missing(Missing::Parameter)),
        Err(error) => return Err(error.into()),
    };
    let located = match arn {
        // Parameters are not shared between accounts here, and an ARN of another region names nothing in this one.
        Some(arn) if arn != cx.arn("ssm", "parameter") => Located {
            arn: format!("{arn}{}", name.path),
            latest: None,
        },
        _ => locate(cx, &name).await?,
    };
    let Some(latest) = located.authorize(cx, action)? else {
        return Ok(Found::Missing(Missing::Parameter));
    };
    let Some(selector) = selector else {
        return Ok(Found::Parameter(Box::new(latest), None));
    };
    let account = cx.account().clone();
    let key = ParameterKey {
        account: &account,
        region: &cx.region,
        path: &name.path,
    };
    let version = match &selector {
        Selector::Version(number) => cx.db.parameter_version(key, *number).await?,
        Selector::Label(label) => cx.db.parameter_labelled(key, label).await?,
    };
    Ok(match version {
        Some(version) => Found::Parameter(Box::new(version), Some(selector)),
        None => Found::Missing(Missing::Version {
            version: selector.text(),
            name: name.given,
        }),
    })
}
