//! The rules about files of variables: where they are, how they are called, how many there may be.

use api::ecs::{ContainerDefinition, EnvironmentFile};

use super::{Definition, Invalid, name_of};

/// AWS: so many a container may have.
const MOST: usize = 10;

pub(crate) fn validate(
    container: &ContainerDefinition,
    definition: &Definition,
) -> Result<(), Invalid> {
    let files = container.environment_files.as_deref().unwrap_or_default();
    check(name_of(container), files)?;
    // AWS: nobody has quoted the text for files; this is the one for secrets with the other name in it.
    if !files.is_empty() && definition.execution_role_arn.is_none() {
        return Err(Invalid::new(
            "When you are specifying environment files, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    Ok(())
}

// AWS: the texts are ours; the rules are those of the API reference.
fn check(container: &str, files: &[EnvironmentFile]) -> Result<(), Invalid> {
    if files.len() > MOST {
        return Err(Invalid(format!(
            "Container '{container}' has {} environment files. The maximum is {MOST}.",
            files.len()
        )));
    }
    for EnvironmentFile { value, .. } in files {
        if place(value).is_none() {
            return Err(Invalid::new("Invalid arn syntax."));
        }
        // AWS: file names must end so.
        if value.strip_suffix(".env").is_none() {
            return Err(Invalid(format!(
                "The environment file '{value}' is invalid. File names must end with .env."
            )));
        }
    }
    Ok(())
}

/// Bucket and key of the ARN of an object: `arn:aws:s3:::bucket/key`.
pub fn place(arn: &str) -> Option<(&str, &str)> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":s3:::")?;
    let (bucket, key) = rest.split_once('/')?;
    let whole = !partition.is_empty() && !partition.contains(':') && !bucket.is_empty();
    (whole && !key.is_empty()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_bucket_and_key() {
        assert_eq!(place("arn:aws:s3:::b/a/b.env"), Some(("b", "a/b.env")));
        assert_eq!(place("arn:aws-cn:s3:::b//x:y.env"), Some(("b", "/x:y.env")));
        for bad in [
            "arn:aws:s3:::b",
            "arn:aws:s3:::b/",
            "arn:aws:s3:::/k",
            "s3://b/k.env",
            "arn:aws:s3:us-east-1::b/k",
            "",
        ] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
