//! `iam:GetAccountSummary`

use std::collections::BTreeMap;

use api::{
    Modeled as _,
    iam::{
        Error,
        get_account_summary::{GetAccountSummary, Input, Output},
    },
};
use store::iam::EntityKind;

use super::{create_policy, create_policy_version, document, kinds, members, trust};
use crate::{Access, Cx, Operation};

/// What AWS counts or limits and nobody can make here.
const ABSENT: &[(&str, i32)] = &[
    ("AccountMFAEnabled", 0),
    ("AccountPasswordPresent", 0),
    ("AccountSigningCertificatesPresent", 0),
    ("GlobalEndpointTokenVersion", 1),
    ("MFADevices", 0),
    ("MFADevicesInUse", 0),
    ("PolicyVersionsInUseQuota", 10_000),
    ("Providers", 0),
    ("ServerCertificates", 0),
    ("ServerCertificatesQuota", 20),
    ("SigningCertificatesPerUserQuota", 2),
];

impl Operation for GetAccountSummary {
    async fn run(cx: &mut Cx, _: Input) -> Result<Output, Error> {
        cx.authorize(Access::new(Self::ACTION, "*"))?;
        let account = cx.account().clone();
        let mut summary: BTreeMap<String, i32> = BTreeMap::new();
        let mut note = |name: &str, n: i64| {
            summary.insert(name.to_owned(), i32::try_from(n).unwrap_or(i32::MAX));
        };
        for (name, kind) in [
            ("Users", EntityKind::User),
            ("Groups", EntityKind::Group),
            ("Roles", EntityKind::Role),
            ("InstanceProfiles", EntityKind::InstanceProfile),
        ] {
            note(name, cx.db.count_entities(kind, &account).await?);
            note(&format!("{name}Quota"), kinds::quota(kind).1.into());
        }
        note("Policies", cx.db.count_managed_policies(&account).await?);
        note(
            "PolicyVersionsInUse",
            cx.db.count_policy_versions(&account).await?,
        );
        let root_keys = cx.db.access_keys_of(&account, None).await?;
        note("AccountAccessKeysPresent", i64::from(!root_keys.is_empty()));
        for (name, n) in quotas().into_iter().chain(ABSENT.iter().copied()) {
            note(name, n.into());
        }
        Ok(Output {
            summary_map: Some(summary),
        })
    }
}

/// The quotas that are no count's.
fn quotas() -> [(&'static str, i32); 12] {
    let size = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let attached = |kind| kinds::attachment_quota(kind).1;
    [
        ("AccessKeysPerUserQuota", 2),
        ("AssumeRolePolicySizeQuota", size(trust::QUOTA)),
        ("AttachedPoliciesPerGroupQuota", attached(EntityKind::Group)),
        ("AttachedPoliciesPerRoleQuota", attached(EntityKind::Role)),
        ("AttachedPoliciesPerUserQuota", attached(EntityKind::User)),
        (
            "GroupPolicySizeQuota",
            kinds::inline_quota(EntityKind::Group),
        ),
        ("GroupsPerUserQuota", members::GROUPS_PER_USER.1),
        ("PoliciesQuota", create_policy::QUOTA.1),
        ("PolicySizeQuota", size(document::MANAGED_QUOTA)),
        ("RolePolicySizeQuota", kinds::inline_quota(EntityKind::Role)),
        ("UserPolicySizeQuota", kinds::inline_quota(EntityKind::User)),
        ("VersionsPerPolicyQuota", size(create_policy_version::QUOTA)),
    ]
}
