//! What the commands of the operator have in common: where the server's data is, and the way to it.

use anyhow::Result;
use clap::Args;
use server::operator::{Channel, Command};

use crate::settings::{Places, Stored};

/// Which server is meant: the one on this data directory, running or not.
#[derive(Args, Clone)]
pub struct OperatorSettings {
    #[command(flatten)]
    pub places: Places,
    #[command(flatten)]
    pub stored: Stored,
}

impl OperatorSettings {
    /// The way to its functions. Owning the data directory is the authority; no AWS credentials are asked for.
    pub async fn open(&self) -> Result<Channel> {
        Ok(Channel::open(&self.stored.config(&self.places)?).await?)
    }

    /// Has one command carried out, and lets go of the data directory again.
    pub async fn ask<C: Command>(&self, command: C) -> Result<C::Answer> {
        let channel = self.open().await?;
        let answer = channel.ask(command).await;
        channel.close().await;
        Ok(answer?)
    }
}
