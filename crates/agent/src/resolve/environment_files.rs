//! Environment files: variables of a container that are lines of an object of S3.
//!
//! A file is never on a disk. It is read with the task's execution role, cut into lines, and forgotten with the values
//! once the containers are made.

mod lines;
mod s3;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use ecs::{
    acs::{Container, Credentials},
    fargate,
    task_definition::environment_file_place,
};
use futures::future::join_all;
use types::SecretValue;

use self::s3::Bucket;
use super::{AwsClients, ResolveError};
use crate::Wording;

/// The variables of one file.
type Variables = BTreeMap<String, SecretValue>;

/// What the files of a task's containers say, by the name of the container.
#[derive(Clone, Default)]
pub struct FileVariables(BTreeMap<String, Arc<Variables>>);

impl FileVariables {
    /// The variables that the files of a container give to it.
    pub(crate) fn of(&self, container: &str) -> Arc<Variables> {
        self.0.get(container).cloned().unwrap_or_default()
    }
}

/// Reads the files that a task's containers name.
pub struct EnvironmentFiles {
    clients: AwsClients,
}

impl EnvironmentFiles {
    pub fn new(clients: AwsClients) -> Self {
        Self { clients }
    }

    /// All files at once, each of them once. Where a container lacks one, all that it lacks are told.
    pub async fn fetch(
        &self,
        containers: &[Container],
        region: &str,
        role: &Credentials,
    ) -> Result<FileVariables, ResolveError> {
        let mut wanted: Vec<&str> = Vec::new();
        for file in containers.iter().flat_map(|one| &one.environment_files) {
            if !wanted.contains(&file.value.as_str()) {
                wanted.push(&file.value);
            }
        }
        let read = wanted.iter().map(|arn| async move {
            let read = self.read(arn, region, role).await;
            ((*arn).to_owned(), read)
        });
        let files: HashMap<String, Result<Variables, String>> =
            join_all(read).await.into_iter().collect();
        let mut all = FileVariables::default();
        for container in containers {
            let named = container.environment_files.iter();
            let read = named.filter_map(|file| files.get(&file.value));
            let variables = merged(read).map_err(|why| self.in_words(&why))?;
            all.0.insert(container.name.clone(), Arc::new(variables));
        }
        Ok(all)
    }

    fn in_words(&self, why: &[&str]) -> ResolveError {
        ResolveError(match self.clients.wording() {
            Wording::Current | Wording::V1_83 => why.join(";"),
            // The platform tells one.
            Wording::Fargate => {
                fargate::environment_files_failed(why.first().copied().unwrap_or_default())
            }
        })
    }

    async fn read(&self, arn: &str, region: &str, role: &Credentials) -> Result<Variables, String> {
        let Some((name, key)) = environment_file_place(arn) else {
            return Err(format!(
                "unable to parse bucket and key from s3 ARN specified in environmentFile {arn}, error: invalid s3 arn"
            ));
        };
        let is_fargate = self.clients.wording() == Wording::Fargate;
        let bucket = Bucket {
            clients: &self.clients,
            name,
            role,
        };
        let home = bucket.region(region).await.map_err(|why| {
            if is_fargate {
                why
            } else {
                format!("unable to initialize s3 client for bucket {name}, error: {why}")
            }
        })?;
        let content = bucket.object(key, &home).await.map_err(|why| {
            if is_fargate {
                why
            } else {
                format!(
                    "unable to download env file with key {key} from bucket {name}, error: {why}"
                )
            }
        })?;
        lines::variables(&content).map_err(|why| {
            format!("unable to read env file with key {key} from bucket {name}, error: {why}")
        })
    }
}

/// The first file that has a name wins. All that failed, where one did.
fn merged<'f>(
    files: impl Iterator<Item = &'f Result<Variables, String>>,
) -> Result<Variables, Vec<&'f str>> {
    let (mut variables, mut failed) = (Variables::new(), Vec::new());
    for file in files {
        match file {
            Ok(read) => {
                for (name, value) in read {
                    let value = || value.clone();
                    variables.entry(name.clone()).or_insert_with(value);
                }
            }
            Err(why) => failed.push(why.as_str()),
        }
    }
    if failed.is_empty() {
        Ok(variables)
    } else {
        Err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &str) -> Result<Variables, String> {
        lines::variables(&SecretValue::from(lines)).map_err(str::to_owned)
    }

    #[test]
    fn the_first_file_that_has_a_name_wins() {
        let files = [file("X=first\nX=last of first\nA=1"), file("X=second\nB=2")];
        let merged = merged(files.iter()).unwrap();
        let shown = |name: &str| merged.get(name).and_then(SecretValue::expose_secret_str);
        assert_eq!(shown("X"), Some("last of first"));
        assert_eq!((shown("A"), shown("B")), (Some("1"), Some("2")));
    }

    #[test]
    fn all_that_failed_are_told() {
        let files = [Err("one".to_owned()), file("A=1"), Err("two".to_owned())];
        assert_eq!(merged(files.iter()).err(), Some(vec!["one", "two"]));
    }
}
