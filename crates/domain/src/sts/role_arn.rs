//! ARNs of roles.

use store::{Session, iam::RoleRow};
use types::{AccountId, Arn, Fault};

/// A role as its ARN names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleArn {
    pub partition: String,
    pub account: AccountId,
    /// `/`, or `/…/`.
    path: String,
    name: String,
}

impl RoleArn {
    /// `None` where the text is no ARN of a role.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let (start, name) = arn.resource.rsplit_once('/')?;
        let path = match start.strip_prefix("role")? {
            "" => "/".to_owned(),
            path => format!("{}/", path.strip_prefix('/').map(|_| path)?),
        };
        if arn.service != "iam" || !arn.region.is_empty() || name.is_empty() {
            return None;
        }
        Some(Self {
            partition: arn.partition,
            account: arn.account.parse().ok()?,
            path,
            name: name.to_owned(),
        })
    }

    /// The role, if there is one of exactly this path and name.
    pub(super) async fn find(&self, db: &mut Session) -> Result<Option<RoleRow>, Fault> {
        let role = db.role_by_name(&self.account, &self.name).await?;
        Ok(role.filter(|role| role.name == self.name && role.path == self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_part_of_a_role_arn() {
        let parse = |resource: &str| {
            RoleArn::parse(&format!("arn:aws:iam::111122223333:{resource}"))
                .map(|arn| (arn.path, arn.name))
        };
        let owned = |path: &str, name: &str| Some((path.to_owned(), name.to_owned()));
        assert_eq!(parse("role/reader"), owned("/", "reader"));
        assert_eq!(parse("role/team/a/reader"), owned("/team/a/", "reader"));
        assert_eq!(parse("role/"), None);
        assert_eq!(parse("roles/reader"), None);
        assert_eq!(parse("user/ann"), None);
        assert_eq!(RoleArn::parse("arn:aws:iam::1:role/x"), None);
        assert_eq!(RoleArn::parse("reader"), None);
    }
}
