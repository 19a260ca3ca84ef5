//! `sealift env`: what a shell needs to talk to the server on this data directory.

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::Args;
use server::AccessKey;

use crate::settings::Places;

#[derive(Args)]
pub struct Arguments {
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
    let file = places.credentials_file()?;
    let Some(key) = AccessKey::read(&file)? else {
        bail!(
            "there is no credentials file `{}`; it is made when the server first starts",
            file.display()
        );
    };
    // The secret is printed because this command was asked for it; it goes to the output byte by byte, not through
    // a formatted string that would stay in memory.
    let mut out = io::stdout().lock();
    writeln!(out, "export AWS_ENDPOINT_URL={}", endpoint.trim())?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={}", key.id)?;
    out.write_all(b"export AWS_SECRET_ACCESS_KEY='")?;
    out.write_all(key.secret.expose_secret())?;
    out.write_all(b"'\n")?;
    // The SDKs read one, version 1 of the aws command line and boto3 the other.
    writeln!(out, "export AWS_REGION={}", places.region)?;
    writeln!(out, "export AWS_DEFAULT_REGION={}", places.region)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
