//! A new access key's way to its owner: into the credentials file, or to standard output. Once, and to one of them.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Result;
use server::{CredentialsFile, DEFAULT_PROFILE, operator::AccessKey};

use crate::{operator::OperatorSettings, output::Output};

/// Where a new access key is.
pub struct Keeping<'a> {
    key: &'a AccessKey,
    /// The file and its profile; `None` where the secret half is to be printed.
    file: Option<(PathBuf, String)>,
}

impl<'a> Keeping<'a> {
    /// Writes the key into its account's profile of the credentials file, unless it is to be printed.
    pub fn new(key: &'a AccessKey, print: bool, settings: &OperatorSettings) -> Result<Self> {
        if print {
            return Ok(Self { key, file: None });
        }
        let path = settings.places.credentials_file()?;
        let mut file = CredentialsFile::read(&path)?;
        let first = key.account_id == settings.stored.account_id;
        let profile = match file.profile_of(&key.account_id) {
            Some(profile) => profile.to_owned(),
            None if first => DEFAULT_PROFILE.to_owned(),
            None => key.account_id.to_string(),
        };
        let pair = server::AccessKey {
            id: key.key.access_key_id.clone(),
            secret: key.key.secret_access_key.clone(),
        };
        file.put(&profile, &key.account_id, &pair)?;
        Ok(Self {
            key,
            file: Some((path, profile)),
        })
    }
}

/// Prints what was made, and which keys ended for it. The secret goes to the output byte by byte, not through a formatted
/// string that would stay in memory.
pub fn show(keeping: &Keeping<'_>, output: Output, ended: &[String]) -> Result<()> {
    let Keeping { key, file } = keeping;
    let mut members = vec![("AccountId", key.account_id.to_string())];
    members.extend(key.user_name.clone().map(|name| ("UserName", name)));
    members.push(("AccessKeyId", key.key.access_key_id.clone()));
    if let Some((path, profile)) = file {
        members.push(("CredentialsFile", path.display().to_string()));
        members.push(("Profile", profile.clone()));
    }
    let secret = file
        .is_none()
        .then(|| key.key.secret_access_key.expose_secret());
    let mut out = io::stdout().lock();
    if output == Output::Json {
        out.write_all(b"{\n")?;
        for (name, value) in &members {
            writeln!(out, "  \"{name}\": {},", serde_json::to_string(value)?)?;
        }
        if let Some(secret) = secret {
            // Its alphabet needs no escapes.
            out.write_all(b"  \"SecretAccessKey\": \"")?;
            out.write_all(secret)?;
            out.write_all(b"\",\n")?;
        }
        writeln!(out, "  \"Ended\": {}\n}}", serde_json::to_string(ended)?)?;
        return Ok(());
    }
    for (name, value) in &members {
        writeln!(out, "{name:16} {value}")?;
    }
    if let Some(secret) = secret {
        out.write_all(b"SecretAccessKey  ")?;
        out.write_all(secret)?;
        out.write_all(b"\n")?;
    } else {
        eprintln!(
            "for a shell: eval \"$(sealift env --account {})\"",
            key.account_id
        );
    }
    for id in ended {
        writeln!(out, "{:16} {id}", "Ended")?;
    }
    Ok(())
}
