//! The rules about what a network mode leaves to a container.

use api::ecs::{ContainerDefinition, NetworkMode};

use super::{Definition, Invalid};

pub(super) fn validate(
    container: &ContainerDefinition,
    definition: &Definition,
) -> Result<(), Invalid> {
    let mode = definition.network_mode.unwrap_or(NetworkMode::Bridge);
    let has_links = container.links.iter().flatten().next().is_some();
    if has_links && mode != NetworkMode::Bridge {
        return Err(unsupported("Links are not supported", mode));
    }
    if mode != NetworkMode::Awsvpc {
        return Ok(());
    }
    for (given, what) in [
        (container.hostname.is_some(), "hostname is"),
        (
            container.extra_hosts.iter().flatten().next().is_some(),
            "Extra hosts are",
        ),
        (
            container.disable_networking == Some(true),
            "Disable Networking is",
        ),
    ] {
        if given {
            let what = format!("{what} not supported on container");
            return Err(unsupported(&what, mode));
        }
    }
    Ok(())
}

fn unsupported(what: &str, mode: NetworkMode) -> Invalid {
    Invalid(format!("{what} when networkMode={}.", mode.as_str()))
}

#[cfg(test)]
mod tests {
    use api::ecs::HostEntry;

    use super::*;
    use crate::task_definition::tests::{container, definition, refusal};

    fn in_mode(mode: NetworkMode, change: impl FnOnce(&mut ContainerDefinition)) -> String {
        let mut app = container("app");
        change(&mut app);
        refusal(&Definition {
            network_mode: Some(mode),
            ..definition(vec![app, container("db")])
        })
    }

    #[test]
    fn links_are_for_bridges() {
        let link = |c: &mut ContainerDefinition| c.links = Some(vec!["db".into()]);
        assert_eq!(in_mode(NetworkMode::Bridge, link), "accepted");
        for (mode, name) in [
            (NetworkMode::Awsvpc, "awsvpc"),
            (NetworkMode::Host, "host"),
            (NetworkMode::None, "none"),
        ] {
            let text = format!("Links are not supported when networkMode={name}.");
            assert_eq!(in_mode(mode, link), text);
        }
    }

    #[test]
    fn in_awsvpc_names_belong_to_the_network() {
        let host = |c: &mut ContainerDefinition| {
            c.extra_hosts = Some(vec![HostEntry {
                hostname: "db".into(),
                ip_address: "10.0.0.1".into(),
            }]);
        };
        assert_eq!(
            in_mode(NetworkMode::Awsvpc, host),
            "Extra hosts are not supported on container when networkMode=awsvpc."
        );
        assert_eq!(
            in_mode(NetworkMode::Awsvpc, |c| c.hostname = Some("h".into())),
            "hostname is not supported on container when networkMode=awsvpc."
        );
        assert_eq!(
            in_mode(NetworkMode::Awsvpc, |c| c.disable_networking = Some(true)),
            "Disable Networking is not supported on container when networkMode=awsvpc."
        );
        assert_eq!(in_mode(NetworkMode::Bridge, host), "accepted");
    }
}
