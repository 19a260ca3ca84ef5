//! `sealift env`: what a shell needs to talk to the server on this data directory.

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::Args;
use server::{AccessKey, CredentialsFile, DEFAULT_PROFILE};
use types::AccountId;

use crate::settings::Places;

#[derive(Args)]
pub struct Arguments {
    /// The root user of this account [default: the first account]
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    #[command(flatten)]
    places: Places,
}

/// Prints export lines for `eval "$(sealift env)"`.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let places = &arguments.places;
    let data_dir = places.data_dir()?;
    let endpoint = fs::read_to_string(server::endpoint_file(&data_dir))
        .ok()
        .filter(|_| server::is_in_use(&data_dir));
    let Some(endpoint) = endpoint else {
        bail!(
            "no server runs on the data directory `{}`; start one with `sealift up`",
            data_dir.display()
        );
    };
    let key = kept_key(places, arguments.account.as_ref())?;
    // The secret is printed because this command was asked for it; it goes to the output byte by byte, not through
    // a formatted string that would stay in memory.
    let mut out = io::stdout().lock();
    writeln!(out, "export AWS_ENDPOINT_URL={}", endpoint.trim())?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={}", key.id)?;
    out.write_all(b"export AWS_SECRET_ACCESS_KEY='")?;
    out.write_all(key.secret.expose_secret())?;
    out.write_all(b"'\n")?;
    // The SDKs read one, version 1 of the aws command line and boto3 the other.
    writeln!(out, "export AWS_REGION={}", places.region())?;
    writeln!(out, "export AWS_DEFAULT_REGION={}", places.region())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The root user's access key of an account, as the credentials file keeps it.
fn kept_key(places: &Places, account: Option<&AccountId>) -> Result<AccessKey> {
    let path = places.credentials_file()?;
    let file = CredentialsFile::read(&path)?;
    let profile = account.map_or(Some(DEFAULT_PROFILE), |account| file.profile_of(account));
    if let Some(key) = profile
        .map(|profile| file.key(profile))
        .transpose()?
        .flatten()
    {
        return Ok(key);
    }
    match account {
        Some(account) => bail!(
            "the credentials file `{}` holds no key of account {account}; `sealift account rotate-keys {account}` makes a \
             new one, `sealift account create {account}` the account",
            path.display()
        ),
        None => bail!(
            "there is no credentials file `{}`; it is made when the server first starts",
            path.display()
        ),
    }
}
