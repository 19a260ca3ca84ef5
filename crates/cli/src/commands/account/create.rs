//! `sealift account create ID`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use server::operator::CreateAccount;
use types::AccountId;

use crate::{
    access_key::{self, Keeping},
    operator::OperatorSettings,
    output::Output,
};

#[derive(Args)]
pub struct Arguments {
    /// Twelve digits
    #[arg(value_name = "ID")]
    account: AccountId,
    /// Print the secret access key instead of keeping it in the credentials file
    #[arg(long)]
    print: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

/// Makes the account, and puts its root user's access key where the user wants it.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments {
        account, settings, ..
    } = &arguments;
    let account_id = account.clone();
    let made = settings.ask(CreateAccount { account_id }).await?;
    let keeping = Keeping::new(&made, arguments.print, settings)?;
    access_key::show(&keeping, arguments.output, &[])?;
    Ok(ExitCode::SUCCESS)
}
