//! The words of Fargate's platform, where they are not those of ECS's agent.
//!
//! AWS: the platform is closed. These are the texts that its users quote, for platform version 1.4.

/// What the task could not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retrieval {
    Secret,
    Parameters,
    RegistryLogin,
    EcrToken,
}

impl Retrieval {
    fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "retrieve secret from asm",
            Self::Parameters => "retrieve secrets from ssm",
            Self::RegistryLogin => "get registry auth from asm",
            Self::EcrToken => "retrieve ecr registry auth",
        }
    }

    /// How often the platform says that it tried: not at all again where it was told no, and up to its patience where
    /// nobody answered.
    fn retries(self, why: &str) -> u32 {
        match self {
            Self::EcrToken => 3,
            _ if is_silence(why) => 5,
            _ => 1,
        }
    }
}

const RETRIEVAL_FAILED: &str = "execution resource retrieval failed: ";
const WRONG_FIELDS: &str =
    "unexpected ARN format with parameters when trying to retrieve ASM secret";

/// The names of the container errors that mean that an image could not be pulled, with ECS's agent.
const PULL_ERRORS: [&str; 3] = [
    "CannotPullContainerError: ",
    "CannotPullContainerAuthError: ",
    "CannotPullECRContainerError: ",
];
const MANIFEST_ERROR: &str = "CannotPullImageManifestError: ";

const OF_THE_ENGINE: &str = "Error response from daemon: ";

/// A secret that was not given: `failed to fetch secret <arn> from secrets manager: <why>`.
pub fn secret_refused(secret_id: &str, why: &str) -> String {
    format!("failed to fetch secret {secret_id} from secrets manager: {why}")
}

/// A version id that the SDK does not send, because it is too short for one.
pub fn short_version_id() -> String {
    "InvalidParameter: 1 validation error(s) found. - minimum field size of 32, GetSecretValueInput.VersionId."
        .to_owned()
}

/// Parameters that are not there.
pub fn unknown_parameters(names: &[String]) -> String {
    format!("invalid ssm parameters: {}", names.join(","))
}

/// A reference whose fields are too few or too many.
pub fn wrong_fields() -> String {
    WRONG_FIELDS.to_owned()
}

/// What stopped the task before it began, as far as the resource goes.
pub fn retrieval_failed(what: Retrieval, why: &str) -> String {
    let hint = if is_silence(why) {
        ". Please check your task network configuration."
    } else {
        ""
    };
    format!(
        "{RETRIEVAL_FAILED}unable to {}: service call has been retried {} time(s): {why}{hint}",
        what.as_str(),
        what.retries(why)
    )
}

/// A file of variables that could not be read.
pub fn environment_files_failed(why: &str) -> String {
    let (retries, hint) = if is_silence(why) {
        (5, ". Please check your task network configuration.")
    } else {
        (1, "")
    };
    format!(
        "failed to download env files: file download command: non empty error stream: service call has been retried {retries} time(s): {why}{hint}"
    )
}

/// The reason of a task that could not have what it needs.
pub fn initialization_failed(why: &str) -> String {
    let what = if why.starts_with(RETRIEVAL_FAILED) || why.starts_with(WRONG_FIELDS) {
        "unable to pull secrets or registry auth: "
    } else {
        ""
    };
    format!("ResourceInitializationError: {what}{why}")
}

/// A container's reason: the platform has one name for every way in which a pull fails, and says behind it what it was
/// at. What the registry said follows in the registry's own words, which name what is not allowed.
///
/// AWS: where an engine would speak, the platform's own puller does.
pub fn container_reason(reason: &str, image: &str) -> String {
    let of = |name: &str| {
        let text = reason.strip_prefix(name)?;
        Some(text.strip_prefix(OF_THE_ENGINE).unwrap_or(text))
    };
    let text = if let Some(text) = of(MANIFEST_ERROR) {
        format!(
            "pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {text}"
        )
    } else if let Some(text) = PULL_ERRORS.into_iter().find_map(of) {
        format!("ref pull has been retried 1 time(s): {text}")
    } else {
        return reason.to_owned();
    };
    format!("CannotPullContainerError: {text}")
}

/// The reason of the task whose essential container has this one, where it is the container's own.
pub fn task_reason(container_reason: &str) -> Option<&str> {
    container_reason
        .starts_with("CannotPullContainerError: ")
        .then_some(container_reason)
}

/// Whether nobody answered.
fn is_silence(why: &str) -> bool {
    why.contains("RequestError: ") || why.contains("RequestCanceled: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_secret_reads_as_users_quote_it() {
        let arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";
        let why = "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/r/0123 is not authorized to perform: secretsmanager:GetSecretValue on resource: x because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: 1";
        let inner = retrieval_failed(Retrieval::Secret, &secret_refused(arn, why));
        assert_eq!(
            initialization_failed(&inner),
            format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {arn} from secrets manager: {why}"
            )
        );
    }

    #[test]
    fn a_reference_with_the_wrong_fields_is_told_as_such() {
        assert_eq!(
            initialization_failed(&wrong_fields()),
            "ResourceInitializationError: unable to pull secrets or registry auth: unexpected ARN format with parameters when trying to retrieve ASM secret"
        );
    }

    #[test]
    fn silence_is_blamed_on_the_network() {
        let told = |what| retrieval_failed(what, "RequestError: send request failed");
        assert_eq!(
            told(Retrieval::Parameters),
            "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): RequestError: send request failed. Please check your task network configuration."
        );
        assert!(told(Retrieval::EcrToken).contains("retried 3 time(s)"));
        assert!(
            retrieval_failed(Retrieval::RegistryLogin, "asm fetching username: no")
                .contains("unable to get registry auth from asm: service call has been retried 1")
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_told_as_the_platform_tells_it() {
        let told = initialization_failed(&environment_files_failed("NoSuchKey: no"));
        assert_eq!(
            told,
            "ResourceInitializationError: failed to download env files: file download command: non empty error stream: service call has been retried 1 time(s): NoSuchKey: no"
        );
    }

    #[test]
    fn every_failed_pull_has_one_name_and_is_the_tasks_reason_too() {
        let told = |reason: &str| container_reason(reason, "r.test/app:1");
        let unknown = told(&format!("{MANIFEST_ERROR}{OF_THE_ENGINE}manifest unknown"));
        assert_eq!(
            unknown,
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref r.test/app:1: manifest unknown"
        );
        assert_eq!(task_reason(&unknown), Some(unknown.as_str()));
        for name in PULL_ERRORS {
            let reason = told(&format!("{name}no"));
            assert_eq!(
                reason,
                "CannotPullContainerError: ref pull has been retried 1 time(s): no"
            );
            assert_eq!(task_reason(&reason), Some(reason.as_str()));
        }
        let other = "CannotStartContainerError: no";
        assert_eq!(told(other), other);
        assert_eq!(task_reason(other), None);
        assert_eq!(
            unknown_parameters(&["x".into(), "y".into()]),
            "invalid ssm parameters: x,y"
        );
    }
}
