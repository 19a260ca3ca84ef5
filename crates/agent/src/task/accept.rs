//! Whether a task of a payload can be read at all.

use ecs::acs::Task;

use crate::{firelens, resolve::Json};

/// Why a task is refused as a whole, in the agent's words (and spelling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub String);

/// Checks what must be understood, and puts the overrides of `RunTask` in their place.
pub(crate) fn accept(task: &mut Task) -> Result<(), Refused> {
    if !matches!(task.desired_status.as_str(), "RUNNING" | "STOPPED") {
        return Err(refused("Unrecognized TaskStatus"));
    }
    for container in &mut task.containers {
        if let Some(overrides) = &container.overrides
            && let Some(command) = overridden_command(overrides).map_err(|why| refused(&why))?
        {
            container.command = Some(command);
        }
    }
    firelens::start_router_first(task);
    Ok(())
}

fn refused(why: &str) -> Refused {
    Refused(format!("UnrecogniedTaskError: Error loading task - {why}"))
}

/// The command in a container's overrides document. AWS: it is the only key that the agent understands; the control
/// plane merges all other overrides itself.
fn overridden_command(document: &str) -> Result<Option<Vec<String>>, String> {
    let unreadable = |why: &str| {
        format!(
            "Multiple error:\n\t0: Could not unmarshal ContainerOverrides in any supported way\n\t1: json: cannot unmarshal string into Go value of type container.ContainerOverridesCopy\n\t2: {why}"
        )
    };
    let members = Json::parse_object(document).map_err(|error| unreadable(&error.to_string()))?;
    let mut command = None;
    for (key, value) in members {
        match (key.as_str(), value) {
            ("command", Json::Null) => {}
            ("command", Json::Array(words)) => {
                let words: Option<Vec<String>> = words.iter().map(text).collect();
                command = Some(words.ok_or_else(|| unreadable("a command is a list of texts"))?);
            }
            ("command", _) => return Err(unreadable("a command is a list of texts")),
            (other, _) => {
                return Err(unreadable(&format!(
                    "Multiple error:\n\t0: Error unmarshalling ContainerOverrides\n\t1: Unrecognized key: {other}"
                )));
            }
        }
    }
    Ok(command)
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ecs::acs::Container;

    use super::*;

    fn task(desired_status: &str, overrides: &str) -> Task {
        Task {
            desired_status: desired_status.into(),
            containers: vec![Container {
                command: Some(vec!["sh".into()]),
                overrides: Some(overrides.into()),
                ..Container::default()
            }],
            ..Task::default()
        }
    }

    #[test]
    fn a_command_in_the_overrides_replaces_the_containers_own() {
        let mut overridden = task("RUNNING", r#"{"command":["sleep","1"]}"#);
        accept(&mut overridden).unwrap();
        assert_eq!(
            overridden.containers[0].command,
            Some(vec!["sleep".into(), "1".into()])
        );
        let mut plain = task("STOPPED", "{}");
        accept(&mut plain).unwrap();
        assert_eq!(plain.containers[0].command, Some(vec!["sh".into()]));
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_the_agents_words() {
        let reason = |mut task: Task| accept(&mut task).unwrap_err().0;
        assert_eq!(
            reason(task("SLEEPING", "{}")),
            "UnrecogniedTaskError: Error loading task - Unrecognized TaskStatus"
        );
        let unreadable = "UnrecogniedTaskError: Error loading task - Multiple error:\n\t0: Could not unmarshal ContainerOverrides in any supported way\n\t1: json: cannot unmarshal string into Go value of type container.ContainerOverridesCopy\n\t2: ";
        assert_eq!(
            reason(task("RUNNING", "nope")),
            format!("{unreadable}invalid character 'o' in literal null (expecting 'u')")
        );
        assert_eq!(
            reason(task("RUNNING", r#"{"command":[],"environment":[]}"#)),
            format!(
                "{unreadable}Multiple error:\n\t0: Error unmarshalling ContainerOverrides\n\t1: Unrecognized key: environment"
            )
        );
    }
}
