//! `sealift account rotate-keys [ID]`: a new access key, kept or printed before the old ones end.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use server::operator::{EndAccessKeys, NewAccessKey};
use types::AccountId;

use crate::{
    access_key::{self, Keeping},
    operator::OperatorSettings,
    output::Output,
};

#[derive(Args)]
pub struct Arguments {
    /// The account [default: the first account]
    account: Option<AccountId>,
    /// The user whose keys are meant [default: the root user]; the new key is printed
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Let the newest old key work on until the next rotation
    #[arg(long)]
    keep_old: bool,
    /// Print the secret access key instead of keeping it in the credentials file
    #[arg(long)]
    print: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    settings: OperatorSettings,
}

pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let channel = arguments.settings.open().await?;
    let outcome = rotate(&channel, &arguments).await;
    channel.close().await;
    outcome?;
    Ok(ExitCode::SUCCESS)
}

/// In this order, a failure anywhere leaves a key that works: the old one, the new one, or both.
async fn rotate(channel: &server::operator::Channel, arguments: &Arguments) -> Result<()> {
    let settings = &arguments.settings;
    let account_id = arguments.account.as_ref();
    let account_id = account_id.unwrap_or(&settings.stored.account_id).clone();
    let user_name = arguments.user.clone();
    let made = channel
        .ask(NewAccessKey {
            account_id: account_id.clone(),
            user_name: user_name.clone(),
        })
        .await?;
    // The credentials file is root users'; a user's key goes where its owner is.
    let print = arguments.print || user_name.is_some();
    let keeping = Keeping::new(&made, print, settings)?;
    let ended = channel
        .ask(EndAccessKeys {
            account_id,
            user_name,
            keep_newest: if arguments.keep_old { 2 } else { 1 },
        })
        .await;
    // A key that exists is shown, whatever became of the others.
    access_key::show(
        &keeping,
        arguments.output,
        ended.as_deref().unwrap_or_default(),
    )?;
    ended?;
    Ok(())
}
