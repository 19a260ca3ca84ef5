//! `sealift account list`

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use server::operator::ListAccounts;

use crate::{
    operator::OperatorSettings,
    output::{Output, print_json},
};

#[derive(Args)]
pub struct Arguments {
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let accounts = arguments.settings.ask(ListAccounts {}).await?;
    if arguments.output == Output::Json {
        print_json(&serde_json::json!({ "Accounts": accounts }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    for account in accounts {
        let keys = account.root_access_key_ids.join(" ");
        writeln!(out, "{}  {}  {keys}", account.account_id, account.created)?;
    }
    Ok(ExitCode::SUCCESS)
}
