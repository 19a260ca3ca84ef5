//! What carries out the steps of a rotator, from its entry: a program, a server or a task definition, and exactly one of
//! them.

use std::{net::IpAddr, ops::Range, path::PathBuf};

use domain::secretsmanager::rotation::{Https, Program, Target, TaskTarget};
use http::Uri;
use ipnet::IpNet;
use toml::Spanned;

use super::{Entry, Wrong};
use crate::rotation::{https::read_certificates, users};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Program,
    Server,
    Task,
}

/// The one target that an entry names.
pub(super) fn of_entry(
    entry: &Entry,
    span: Range<usize>,
    server_uid: u32,
) -> Result<Target, Wrong> {
    let (kind, target) = match (&entry.program, &entry.url, &entry.task_definition) {
        (Some(command), None, None) => {
            let program = program(entry, command, span.clone(), server_uid)?;
            (Kind::Program, Target::Program(program))
        }
        (None, Some(url), None) => (Kind::Server, Target::Https(server(entry, url)?)),
        (None, None, Some(definition)) => (Kind::Task, Target::Task(task(entry, definition)?)),
        _ => {
            let why = "it needs either a `program`, a `url` or a `task-definition`";
            return Err(Wrong(span, why.to_owned()));
        }
    };
    match foreign(entry, kind) {
        Some(name) => Err(Wrong(
            span,
            format!("`{name}` has no effect with this kind of rotator"),
        )),
        None => Ok(target),
    }
}

/// A setting that belongs to another kind: whoever wrote it expects something of it.
fn foreign(entry: &Entry, kind: Kind) -> Option<&'static str> {
    use Kind::{Program, Server, Task};
    let settings: [(&str, bool, &[Kind]); 9] = [
        ("user", entry.user.is_some(), &[Program]),
        ("same-user", entry.same_user, &[Program]),
        ("environment", !entry.environment.is_empty(), &[Program]),
        ("ca-file", entry.ca_file.is_some(), &[Server]),
        (
            "allow-addresses",
            !entry.allow_addresses.is_empty(),
            &[Server],
        ),
        ("cluster", entry.cluster.is_some(), &[Task]),
        ("container", entry.container.is_some(), &[Task]),
        // A task finds this server as every task does, and prints to where its definition says.
        ("endpoint", entry.endpoint.is_some(), &[Program, Server]),
        ("log-output", entry.log_output, &[Program, Server]),
    ];
    let mut foreign = settings
        .into_iter()
        .filter(|(_, is_set, kinds)| *is_set && !kinds.contains(&kind));
    foreign.next().map(|(name, _, _)| name)
}

fn program(
    entry: &Entry,
    command: &Spanned<Vec<String>>,
    span: Range<usize>,
    server_uid: u32,
) -> Result<Program, Wrong> {
    let wrong = |why: &str| Wrong(command.span(), why.to_owned());
    let Some((file, arguments)) = command.get_ref().split_first() else {
        return Err(wrong("the program is missing"));
    };
    let file = PathBuf::from(file);
    if !file.is_absolute() {
        return Err(wrong("the program must be an absolute path"));
    }
    if !file.is_file() {
        return Err(wrong("there is no such program"));
    }
    let user = users::resolve(entry.user.as_deref(), entry.same_user, server_uid);
    Ok(Program {
        user: user.map_err(|error| Wrong(span, error.to_string()))?,
        file,
        arguments: arguments.to_vec(),
        environment: entry.environment.clone(),
    })
}

fn server(entry: &Entry, url: &Spanned<String>) -> Result<Https, Wrong> {
    let wrong = || {
        let why = "the `url` must be `https://host[:port]/path`, without a login in it";
        Wrong(url.span(), why.to_owned())
    };
    let parsed: Uri = url.get_ref().parse().map_err(|_| wrong())?;
    let authority = parsed.authority().ok_or_else(wrong)?;
    let host = parsed.host().unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    let is_plain = !authority.as_str().contains('@') && !url.get_ref().contains('#');
    if parsed.scheme_str() != Some("https") || host.is_empty() || !is_plain {
        return Err(wrong());
    }
    if let Some(file) = &entry.ca_file {
        let read = read_certificates(file.get_ref());
        read.map_err(|error| Wrong(file.span(), error.to_string()))?;
    }
    let path = parsed.path_and_query().map(ToString::to_string);
    Ok(Https {
        host: host.to_owned(),
        port: parsed.port_u16().unwrap_or(443),
        path: path
            .filter(|path| !path.is_empty())
            .unwrap_or("/".to_owned()),
        ca_file: entry.ca_file.as_ref().map(|file| file.get_ref().clone()),
        addresses: entry
            .allow_addresses
            .iter()
            .map(range)
            .collect::<Result<_, _>>()?,
    })
}

/// `10.0.0.0/8`, or one address.
fn range(text: &Spanned<String>) -> Result<IpNet, Wrong> {
    let address = text.get_ref().parse::<IpAddr>().map(IpNet::from);
    let range = address.or_else(|_| text.get_ref().parse());
    range.map_err(|_| {
        let why = format!(
            "`{}` is neither an address nor a range of them",
            text.get_ref()
        );
        Wrong(text.span(), why)
    })
}

fn task(entry: &Entry, definition: &Spanned<String>) -> Result<TaskTarget, Wrong> {
    let text = definition.get_ref();
    let (family, revision) = text.split_once(':').unwrap_or((text, "1"));
    let family_fits = (1..=255).contains(&family.len())
        && family
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !family_fits || revision.parse::<u32>().is_err() {
        let why = "a `task-definition` is `family` or `family:revision`, in the secret's account";
        return Err(Wrong(definition.span(), why.to_owned()));
    }
    Ok(TaskTarget {
        task_definition: text.clone(),
        cluster: entry.cluster.clone().unwrap_or("default".to_owned()),
        container: entry.container.clone(),
    })
}
