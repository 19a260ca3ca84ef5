//! The operator's file of rotators: which function name is what. Every refusal names the line.

mod target;

use std::{
    collections::BTreeMap,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::secretsmanager::rotation::{Rotator, Rotators};
use serde::Deserialize;
use toml::Spanned;
use types::AccountId;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RotatorsError {
    #[error("cannot read the rotators in `{path}`: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("the rotators in `{path}`, line {line}: {why}")]
    Invalid {
        path: PathBuf,
        line: usize,
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default = "one_minute")]
    retry_after_seconds: Spanned<u64>,
    #[serde(default, rename = "rotator")]
    rotators: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    name: Spanned<String>,
    accounts: Vec<Spanned<String>>,
    role: Spanned<String>,
    #[serde(default = "one_minute")]
    timeout_seconds: Spanned<u64>,
    endpoint: Option<String>,
    #[serde(default)]
    log_output: bool,
    program: Option<Spanned<Vec<String>>>,
    user: Option<String>,
    #[serde(default)]
    same_user: bool,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    url: Option<Spanned<String>>,
    ca_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    allow_addresses: Vec<Spanned<String>>,
    task_definition: Option<Spanned<String>>,
    cluster: Option<String>,
    container: Option<String>,
}

fn one_minute() -> Spanned<u64> {
    Spanned::new(0..0, 60)
}

/// What is wrong, and where in the text.
struct Wrong(Range<usize>, String);

/// Reads and checks the file.
pub fn read(path: &Path) -> Result<Rotators, RotatorsError> {
    let text = fs::read_to_string(path).map_err(|source| RotatorsError::Read {
        path: path.to_owned(),
        source,
    })?;
    let server_uid = rustix::process::geteuid().as_raw();
    parse(&text, server_uid).map_err(|Wrong(span, why)| RotatorsError::Invalid {
        path: path.to_owned(),
        line: text
            .get(..span.start)
            .unwrap_or_default()
            .matches('\n')
            .count()
            + 1,
        why,
    })
}

fn parse(text: &str, server_uid: u32) -> Result<Rotators, Wrong> {
    let file: File = toml::from_str(text)
        .map_err(|error| Wrong(error.span().unwrap_or(0..0), error.message().to_owned()))?;
    let retry_after = duration(&file.retry_after_seconds, 1..=3600)?;
    let mut rotators: Vec<Rotator> = Vec::new();
    for entry in file.rotators {
        let name = entry.get_ref().name.clone();
        if rotators.iter().any(|known| known.name == *name.get_ref()) {
            return Err(Wrong(
                name.span(),
                format!("there are two rotators of the name `{}`", name.get_ref()),
            ));
        }
        rotators.push(rotator(entry, server_uid)?);
    }
    Ok(Rotators::new(rotators, retry_after))
}

fn rotator(entry: Spanned<Entry>, server_uid: u32) -> Result<Rotator, Wrong> {
    let span = entry.span();
    let entry = entry.into_inner();
    let name = entry.name.get_ref();
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !fits {
        let why = "a function's name is up to 64 letters, digits, - and _".to_owned();
        return Err(Wrong(entry.name.span(), why));
    }
    if entry.accounts.is_empty() {
        return Err(Wrong(
            span,
            "`accounts` names nobody whose secrets it may rotate".to_owned(),
        ));
    }
    let accounts = entry
        .accounts
        .iter()
        .map(account)
        .collect::<Result<_, _>>()?;
    if entry.role.get_ref().is_empty() {
        return Err(Wrong(entry.role.span(), "`role` is empty".to_owned()));
    }
    let timeout = duration(&entry.timeout_seconds, 1..=3600)?;
    Ok(Rotator {
        name: name.clone(),
        accounts,
        role: entry.role.get_ref().clone(),
        timeout,
        endpoint: entry.endpoint.clone(),
        log_output: entry.log_output,
        target: target::of_entry(&entry, span, server_uid)?,
    })
}

fn account(text: &Spanned<String>) -> Result<AccountId, Wrong> {
    let account = text.get_ref().parse();
    account.map_err(|_| {
        Wrong(
            text.span(),
            format!("`{}` is no account id", text.get_ref()),
        )
    })
}

fn duration(
    seconds: &Spanned<u64>,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<Duration, Wrong> {
    if allowed.contains(seconds.get_ref()) {
        return Ok(Duration::from_secs(*seconds.get_ref()));
    }
    let why = format!(
        "it must be between {} and {} seconds",
        allowed.start(),
        allowed.end()
    );
    Err(Wrong(seconds.span(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "retry-after-seconds = 5\n\n[[rotator]]\nname = \"db\"\naccounts = [\"111122223333\"]\n\
                        role = \"rotation\"\nprogram = [\"/bin/sh\", \"-c\", \"true\"]\nuser = \"1000:1000\"\n";

    fn refusal(text: &str) -> (usize, String) {
        let Wrong(span, why) = parse(text, 0).err().unwrap();
        (text[..span.start].matches('\n').count() + 1, why)
    }

    #[test]
    fn a_good_file_is_read() {
        let rotators = parse(GOOD, 0).ok().unwrap();
        assert_eq!(rotators.retry_after, Duration::from_secs(5));
        let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf";
        let function = "arn:aws:lambda:us-east-1:111122223333:function:db";
        let rotator = rotators.find(function, secret).unwrap();
        assert_eq!(rotator.timeout, Duration::from_mins(1));
        assert!(parse("", 0).is_ok());
    }

    #[test]
    fn servers_and_task_definitions_are_read() {
        let head = GOOD.split_once("program").unwrap().0;
        let read = |target: &str| {
            let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf";
            let function = "arn:aws:lambda:us-east-1:111122223333:function:db";
            let rotators = parse(&format!("{head}{target}"), 0).ok().unwrap();
            format!("{:?}", rotators.find(function, secret).unwrap().target)
        };
        let server = read(
            "url = \"https://[fd00::1]:8443/a?b=c\"\nallow-addresses = [\"fd00::/8\", \"10.0.0.1\"]\n",
        );
        assert_eq!(
            server,
            "Https(Https { host: \"fd00::1\", port: 8443, path: \"/a?b=c\", ca_file: None, addresses: [fd00::/8, 10.0.0.1/32] })"
        );
        assert!(read("url = \"https://r.test\"\n").contains("port: 443, path: \"/\""));
        let task = read("task-definition = \"rotate:3\"\ncontainer = \"main\"\n");
        assert_eq!(
            task,
            "Task(TaskTarget { task_definition: \"rotate:3\", cluster: \"default\", container: Some(\"main\") })"
        );
    }

    #[test]
    fn every_refusal_names_its_line() {
        for (from, to, line, text) in [
            ("= 5", "= 0", 1, "between 1 and 3600"),
            ("name = \"db\"", "name = \"d b\"", 4, "letters"),
            ("111122223333", "1", 5, "account id"),
            ("\"rotation\"", "\"\"", 6, "role"),
            ("role =", "rolle =", 6, "rolle"),
            ("/bin/sh", "sh", 7, "absolute"),
            ("/bin/sh", "/nowhere/sh", 7, "no such program"),
            ("1000:1000", "root", 3, "root"),
            ("user = \"1000:1000\"\n", "", 3, "root"),
            ("role = \"rotation\"\n", "", 3, "role"),
        ] {
            let (found, why) = refusal(&GOOD.replace(from, to));
            assert!(
                found == line && why.contains(text),
                "{from}: line {found}: {why}"
            );
        }
        let program = "program = [\"/bin/sh\", \"-c\", \"true\"]\nuser = \"1000:1000\"\n";
        for (target, line, text) in [
            ("", 3, "either a `program`, a `url` or a `task-definition`"),
            (
                "url = \"https://r.test\"\ntask-definition = \"f\"\n",
                3,
                "either a `program`",
            ),
            ("url = \"http://r.test/\"\n", 7, "must be `https://"),
            ("url = \"https://u:p@r.test/\"\n", 7, "without a login"),
            (
                "url = \"https://r.test/\"\nuser = \"nobody\"\n",
                3,
                "`user` has no effect",
            ),
            (
                "url = \"https://r.test/\"\nallow-addresses = [\"10.0.0.1\", \"ten\"]\n",
                8,
                "`ten` is neither",
            ),
            (
                "url = \"https://r.test/\"\nca-file = \"/nowhere.pem\"\n",
                8,
                "cannot be read",
            ),
            ("task-definition = \"a/b\"\n", 7, "family:revision"),
            ("task-definition = \"f:x\"\n", 7, "family:revision"),
            (
                "task-definition = \"f:1\"\nlog-output = true\n",
                3,
                "`log-output` has no effect",
            ),
        ] {
            let (found, why) = refusal(&GOOD.replace(program, target));
            assert!(
                found == line && why.contains(text),
                "{target}: line {found}: {why}"
            );
        }
        let twice = format!("{GOOD}{}", GOOD.split_once("\n\n").unwrap().1);
        assert!(refusal(&twice).1.contains("two rotators"));
    }
}
