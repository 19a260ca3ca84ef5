//! Yes or no: the one place where an operation asks whether its caller may.

use api::CommonError;
use policy::{Context, Decision, ResourcePolicy, Sources};
use types::AccountId;

use crate::Cx;

/// What the caller wants to do with what, and under which conditions.
pub struct Access {
    action: String,
    resource: String,
    /// What a denial names instead of the resource; empty leaves the `on resource` part out.
    shown: Option<String>,
    resource_account: Option<AccountId>,
    resource_policy: Option<ResourcePolicy>,
    /// The id of a KMS grant that covers the request.
    grant: Option<String>,
    /// The service that asks on the caller's behalf, such as `secretsmanager.amazonaws.com`.
    called_via: Option<String>,
    conditions: Context,
}

/// One decision, as the audit record keeps it.
#[derive(Debug, Clone)]
pub struct Decided {
    pub action: String,
    pub resource: String,
    pub allowed: bool,
    /// The policy and statement that decided, or why there is none.
    pub statement: String,
}

impl Access {
    /// `action` is a `service:Operation`; `resource` is an ARN, `*`, or what the service's page names for a resource
    /// that does not exist.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            shown: None,
            resource_account: None,
            resource_policy: None,
            grant: None,
            called_via: None,
            conditions: Context::default(),
        }
    }

    /// Adds a condition key with one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.conditions.set(key, value);
        self
    }

    /// Adds a condition key if the caller sent a value: request keys exist only then.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a condition key with many values.
    #[must_use]
    pub fn with_list(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.conditions.set_list(key, values);
        self
    }

    /// Adds `aws:ResourceTag/…` and the service's own spelling of it for every tag of the resource.
    #[must_use]
    pub fn with_resource_tags<'t>(
        mut self,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        let service = self.action.split(':').next().unwrap_or_default().to_owned();
        for (key, value) in tags {
            self.conditions
                .set(&format!("aws:ResourceTag/{key}"), value);
            self.conditions
                .set(&format!("{service}:ResourceTag/{key}"), value);
        }
        self
    }

    /// Adds `aws:RequestTag/…` and `aws:TagKeys` for the tags that the request carries.
    #[must_use]
    pub fn with_request_tags<'t>(
        mut self,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        let mut keys = Vec::new();
        for (key, value) in tags {
            self.conditions.set(&format!("aws:RequestTag/{key}"), value);
            keys.push(key.to_owned());
        }
        if !keys.is_empty() {
            self.conditions.set_list("aws:TagKeys", keys);
        }
        self
    }

    /// The policy attached to the resource itself.
    #[must_use]
    pub fn resource_policy(mut self, policy: Option<ResourcePolicy>) -> Self {
        self.resource_policy = policy;
        self
    }

    /// The id of a KMS grant that covers the request, if there is one.
    #[must_use]
    pub fn grant(mut self, id: Option<String>) -> Self {
        self.grant = id;
        self
    }

    /// The account that owns the resource, where it is not the caller's.
    #[must_use]
    pub fn resource_account(mut self, account: &AccountId) -> Self {
        self.resource_account = Some(account.clone());
        self
    }

    /// Says that a service asks on the caller's behalf (forward access): the request then has no source address.
    #[must_use]
    pub fn called_via(mut self, service: impl Into<String>) -> Self {
        self.called_via = Some(service.into());
        self
    }

    /// What a denial names instead of the resource; an empty text leaves the `on resource` part out.
    #[must_use]
    pub fn shown_as(mut self, text: impl Into<String>) -> Self {
        self.shown = Some(text.into());
        self
    }
}

impl Cx {
    /// Holds an operation to its line in the table: what it asks for is what the table, and so the documentation, says. A
    /// test that walks over all operations looks for this in the log.
    fn check_table(&self, action: &str, conditions: &Context) {
        let Some((operation, access)) = self.running else {
            return;
        };
        let unnamed = if access.has_action(action) {
            conditions.keys().find(|key| !access.has_key(key))
        } else {
            Some(action)
        };
        if let Some(unnamed) = unnamed {
            tracing::error!(
                "{operation} asks for {action} with {unnamed}, which its line in operations.toml does not name"
            );
        }
    }

    /// Decides, notes the decision for the audit record, and refuses in AWS's words.
    pub fn authorize(&mut self, access: Access) -> Result<(), CommonError> {
        let Access {
            action,
            resource,
            shown,
            resource_account,
            resource_policy,
            grant,
            called_via,
            conditions,
        } = access;
        if cfg!(debug_assertions) {
            self.check_table(&action, &conditions);
        }
        let resource_account = resource_account.unwrap_or_else(|| self.account().clone());
        let mut context = self.caller.context(&self.request, &self.region, self.now());
        context.set("aws:ResourceAccount", resource_account.as_str());
        if let Some(service) = called_via {
            context.remove("aws:SourceIp");
            context.set("aws:ViaAWSService", "true");
            context.set_list("aws:CalledVia", [service.clone()]);
            context.set("aws:CalledViaFirst", service.clone());
            context.set("aws:CalledViaLast", service);
        }
        context.extend(conditions);

        let request = policy::Request {
            principal: &self.caller.principal,
            action: &action,
            resource: &resource,
            resource_account: &resource_account,
            context: &context,
        };
        let sources = Sources {
            resource: resource_policy.as_ref(),
            grant: grant.as_deref(),
            ..self.caller.sources()
        };
        let decision = policy::evaluate(&request, &sources);

        self.decided.push(Decided {
            action: action.clone(),
            resource: resource.clone(),
            allowed: decision.is_allowed(),
            statement: decision.to_string(),
        });
        match decision {
            Decision::Allowed { .. } => Ok(()),
            Decision::Denied(denial) => {
                let caller = self.caller.principal.arn();
                // AWS: Secrets Manager's denials for `*` name no resource; those of other services do.
                let nameless = resource == "*" && action.starts_with("secretsmanager:");
                let named = shown
                    .as_deref()
                    .unwrap_or(if nameless { "" } else { &resource });
                let on = if named.is_empty() {
                    String::new()
                } else {
                    format!(" on resource: {named}")
                };
                let why = denial.clause(&action);
                let mut text =
                    format!("User: {caller} is not authorized to perform: {action}{on} {why}");
                let arn = denial.policy_arn();
                if let Some(arn) = arn.filter(|_| self.world.settings.denials_name_policies) {
                    text.push_str(": ");
                    text.push_str(arn);
                }
                Err(CommonError::AccessDenied(text))
            }
        }
    }
}
