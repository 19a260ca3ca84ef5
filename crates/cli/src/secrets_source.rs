//! `--secrets-from`: where tasks' values come from, and how the operator's own AWS configuration leads there.

use std::sync::Arc;

use agent::resolve::AwsAccount;
use anyhow::{Context as _, Result, bail};
use aws_config::{
    BehaviorVersion, environment::region::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain, profile::ProfileFileRegionProvider,
};
use clap::{Args, ValueEnum};
use server::SecretsFrom;
use types::Region;

/// Where values are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Source {
    /// In this server
    #[default]
    Here,
    /// In your AWS account
    Aws,
}

/// Where tasks' values come from. It is for the operator alone to say: no call of an API can.
#[derive(Args, Clone, Default)]
pub struct SecretsSource {
    /// Where secrets, registry logins and ECR tokens of tasks come from; `aws` uses the standard AWS configuration, and
    /// assumes each task's execution role there
    #[arg(long, env = "SEALIFT_SECRETS_FROM", value_enum, default_value_t)]
    secrets_from: Source,
    /// With `--secrets-from aws`: the profile to use [default: AWS_PROFILE, else `default`]
    #[arg(long, env = "SEALIFT_AWS_PROFILE", value_name = "NAME")]
    aws_profile: Option<String>,
    /// With `--secrets-from aws`: another endpoint than AWS's own, for all services
    #[arg(long, env = "SEALIFT_AWS_ENDPOINT_URL", value_name = "URL")]
    aws_endpoint_url: Option<String>,
    /// With `--secrets-from aws`: read with your own identity where an execution role cannot be assumed. What runs then
    /// says nothing about what the role may
    #[arg(long)]
    as_me: bool,
}

/// The operator's AWS account, and the region that its configuration names.
pub struct Aws {
    pub account: Arc<AwsAccount>,
    pub region: Option<Region>,
}

impl SecretsSource {
    /// Whether values come from AWS.
    pub fn is_aws(&self) -> bool {
        self.secrets_from == Source::Aws
    }

    pub fn secrets_from(&self) -> SecretsFrom {
        match self.secrets_from {
            Source::Here => SecretsFrom::Here,
            Source::Aws => SecretsFrom::Aws { as_me: self.as_me },
        }
    }

    /// Reads AWS's configuration, where values come from there. Variables and files mean what they mean to every SDK.
    pub async fn load(&self) -> Result<Option<Aws>> {
        if !self.is_aws() {
            let given = [
                (self.as_me, "--as-me"),
                (self.aws_profile.is_some(), "--aws-profile"),
                (self.aws_endpoint_url.is_some(), "--aws-endpoint-url"),
            ];
            if let Some((_, flag)) = given.into_iter().find(|(given, _)| *given) {
                bail!("{flag} means nothing without --secrets-from aws");
            }
            return Ok(None);
        }
        let mut in_profile = ProfileFileRegionProvider::builder();
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.aws_profile {
            in_profile = in_profile.profile_name(profile);
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &self.aws_endpoint_url {
            loader = loader.endpoint_url(url);
        }
        // Without a last resort, the network would be asked whether this is a machine of EC2.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(in_profile.build());
        let region = region.region().await;
        let fallback = aws_config::Region::from_static("us-east-1");
        let sdk = loader
            .region(region.clone().unwrap_or(fallback))
            .load()
            .await;
        Ok(Some(Aws {
            account: Arc::new(AwsAccount::new(sdk, self.as_me)),
            region: region.and_then(|region| region.as_ref().parse().ok()),
        }))
    }
}

impl Aws {
    /// Says where values come from, and refuses an account that does not know us.
    pub async fn announce(&self) -> Result<()> {
        let me = self.account.identity().await;
        let me = me.context("--secrets-from aws")?;
        let place = self.account.endpoint().unwrap_or("AWS");
        let mut line =
            format!("secrets come from {place}, as each task's execution role, assumed by {me}");
        if self.account.as_me() {
            line.push_str("; where that fails, read by this identity itself (--as-me)");
        }
        eprintln!("sealift: {line}");
        Ok(())
    }
}
