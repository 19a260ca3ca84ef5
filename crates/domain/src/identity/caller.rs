//! An authenticated caller, as decisions see it.

use std::sync::Arc;

use policy::{Attached, Context, Principal, Sources};
use types::{AccountId, Region, SecretValue, Tag, Timestamp};

use crate::RequestFacts;

/// Who makes a request, and every policy that goes with them.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    /// The principal's account; of a service acting for itself, the account it acts in.
    pub account: AccountId,
    /// Empty for a service acting for itself.
    pub access_key_id: String,
    pub permissions: Arc<Permissions>,
    /// Present where the caller uses temporary credentials.
    pub session: Option<CallerSession>,
}

/// The compiled policies of a user or role, and its tags.
#[derive(Debug, Default)]
pub struct Permissions {
    pub identity: Vec<Attached>,
    pub boundary: Option<Attached>,
    pub tags: Vec<Tag>,
}

/// What temporary credentials carry beside their principal.
#[derive(Debug, Clone)]
pub struct CallerSession {
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// The token that the session is known by.
    pub token: SecretValue,
    /// The session's own policies; `None` where it was given none, and so is not limited.
    pub policies: Option<Arc<[Attached]>>,
    pub tags: Vec<Tag>,
    /// The keys of those tags that follow the session when it assumes another role.
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// The ARN of the task that the session was made for.
    pub task: Option<String>,
}

impl Caller {
    /// A service acting for itself in an account, such as `ecs-tasks.amazonaws.com`.
    pub fn service(name: &str, account: &AccountId) -> Self {
        Self {
            principal: Principal::Service(name.to_owned()),
            account: account.clone(),
            access_key_id: String::new(),
            permissions: Arc::default(),
            session: None,
        }
    }

    /// The caller's own policies. What the resource in question adds is for whoever knows the resource.
    pub fn sources(&self) -> Sources<'_> {
        let session = self.session.as_ref();
        Sources {
            identity: &self.permissions.identity,
            boundary: self.permissions.boundary.as_ref(),
            session: session.and_then(|session| session.policies.as_deref()),
            resource: None,
            grant: None,
        }
    }

    /// The condition keys that every request has.
    pub fn context(&self, request: &RequestFacts, region: &Region, now: Timestamp) -> Context {
        let mut context = Context::new()
            .with("aws:CurrentTime", now.to_iso8601())
            .with("aws:EpochTime", now.as_secs().to_string())
            .with("aws:RequestedRegion", region.as_str())
            .with("aws:SecureTransport", request.secure.to_string())
            .with("aws:ViaAWSService", "false");
        if let Some(address) = request.source_ip {
            context.set("aws:SourceIp", address.to_string());
        }
        if let Some(agent) = &request.user_agent {
            context.set("aws:UserAgent", agent.as_str());
        }
        if let Some(referer) = &request.referer {
            context.set("aws:Referer", referer.as_str());
        }
        self.describe_principal(&mut context);
        context
    }

    fn describe_principal(&self, context: &mut Context) {
        let principal = &self.principal;
        let is_service = matches!(principal, Principal::Service(_));
        context.set("aws:PrincipalIsAWSService", is_service.to_string());
        if let Principal::Service(name) = principal {
            context.set("aws:PrincipalServiceName", name.as_str());
            return;
        }
        context.set("aws:PrincipalArn", principal.principal_arn());
        context.set("aws:PrincipalAccount", self.account.as_str());
        context.set("aws:PrincipalType", principal.principal_type());
        context.set("aws:userid", principal.user_id());
        if let Principal::User { name, .. } = principal {
            context.set("aws:username", name.as_str());
        }
        let own = self.permissions.tags.iter();
        // A session's tag takes the place of the role's or user's tag of that key, since keys ignore case.
        let session = self.session.iter().flat_map(|session| &session.tags);
        for Tag { key, value } in own.chain(session) {
            context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        if let Some(session) = &self.session {
            context.set("aws:TokenIssueTime", session.issued.to_iso8601());
            context.set("aws:MultiFactorAuthPresent", "false");
            if let Some(identity) = &session.source_identity {
                context.set("aws:SourceIdentity", identity.as_str());
            }
        }
    }
}
