//! Names of images: which registry they are in, and whether that is ECR.

use types::{AccountId, Region};

/// An image of an ECR registry, which is named by account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrImage<'a> {
    pub account: AccountId,
    pub region: Region,
    /// Repository with tag or digest: `team/app:1`.
    pub name: &'a str,
}

impl<'a> EcrImage<'a> {
    /// `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]/<name>`; `None` for every other name.
    pub fn parse(image: &'a str) -> Option<Self> {
        let (registry, name) = image.split_once('/')?;
        let (account, rest) = registry.split_once('.')?;
        let rest = rest
            .strip_prefix("dkr.ecr.")
            .or_else(|| rest.strip_prefix("dkr.ecr-fips."))?;
        let region = rest
            .strip_suffix(".amazonaws.com")
            .or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
        Some(Self {
            account: account.parse().ok()?,
            region: region.parse().ok()?,
            name,
        })
    }
}

/// The ECR registries of one server, all behind one address: `<host>/<account>/<region>/<name>`, and for the account and
/// region that are its home `<host>/<name>` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRegistry {
    /// Host and port, without a scheme.
    pub host: String,
    pub account: AccountId,
    pub region: Region,
}

impl OwnRegistry {
    /// The image, if it is in a registry here.
    pub fn image<'a>(&self, image: &'a str) -> Option<EcrImage<'a>> {
        let path = image
            .strip_prefix(self.host.as_str())?
            .strip_prefix('/')
            .filter(|path| !path.is_empty())?;
        Some(self.place(path))
    }

    /// Account, region and repository of a path below the address.
    pub fn place<'a>(&self, path: &'a str) -> EcrImage<'a> {
        elsewhere(path).unwrap_or(EcrImage {
            account: self.account.clone(),
            region: self.region.clone(),
            name: path,
        })
    }

    /// The name by which a repository is pushed and pulled: its `repositoryUri`.
    pub fn uri(&self, account: &AccountId, region: &Region, name: &str) -> String {
        let host = &self.host;
        if *account == self.account && *region == self.region && elsewhere(name).is_none() {
            format!("{host}/{name}")
        } else {
            format!("{host}/{account}/{region}/{name}")
        }
    }
}

/// `<account>/<region>/<name>`.
fn elsewhere(path: &str) -> Option<EcrImage<'_>> {
    let (account, rest) = path.split_once('/')?;
    let (region, name) = rest.split_once('/')?;
    Some(EcrImage {
        account: account.parse().ok()?,
        region: region.parse().ok()?,
        name,
    })
}

/// Whether the name says which registry the image is in. Docker's own rule: a first part with a dot or a colon, or
/// `localhost`.
pub fn names_registry(image: &str) -> bool {
    image
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(image: &str) -> Option<(String, String, &str)> {
        let image = EcrImage::parse(image)?;
        Some((
            image.account.to_string(),
            image.region.to_string(),
            image.name,
        ))
    }

    #[test]
    fn images_of_ecr_are_known_by_their_registry() {
        let app = |name| Some(("111122223333".to_owned(), "us-west-2".to_owned(), name));
        assert_eq!(
            parsed("111122223333.dkr.ecr.us-west-2.amazonaws.com/team/app:1"),
            app("team/app:1")
        );
        assert_eq!(
            parsed("111122223333.dkr.ecr-fips.us-west-2.amazonaws.com/app@sha256:ab"),
            app("app@sha256:ab")
        );
        let china = parsed("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app");
        assert!(china.is_some());
        for other in [
            "app:1",
            "docker.io/library/app",
            "1111.dkr.ecr.us-west-2.amazonaws.com/app",
            "111122223333.dkr.ecr.us-west-2.example.com/app",
            "111122223333.dkr.ecr.us-west-2.amazonaws.com",
        ] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn a_repository_at_home_is_named_without_account_and_region() {
        let own = OwnRegistry {
            host: "127.0.0.1:4566".to_owned(),
            account: "111122223333".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
        };
        let other: AccountId = "444455556666".parse().unwrap();
        for (account, region, name, uri) in [
            (
                &own.account,
                "us-west-2",
                "team/app",
                "127.0.0.1:4566/team/app",
            ),
            (
                &own.account,
                "eu-west-1",
                "app",
                "127.0.0.1:4566/111122223333/eu-west-1/app",
            ),
            (
                &other,
                "us-west-2",
                "app",
                "127.0.0.1:4566/444455556666/us-west-2/app",
            ),
            // A name that looks like a place is written in full, so that it leads back to itself.
            (
                &own.account,
                "us-west-2",
                "444455556666/us-west-2/app",
                "127.0.0.1:4566/111122223333/us-west-2/444455556666/us-west-2/app",
            ),
        ] {
            let region: Region = region.parse().unwrap();
            assert_eq!(own.uri(account, &region, name), uri);
            let back = own.image(uri).unwrap();
            assert_eq!(
                (&back.account, &back.region, back.name),
                (account, &region, name)
            );
        }
        assert_eq!(own.image("127.0.0.1:45660/app"), None);
        assert_eq!(own.image("127.0.0.1:4566/"), None);
    }

    #[test]
    fn a_first_part_with_a_dot_or_a_port_is_a_registry() {
        for named in ["localhost/app", "localhost:5000/app", "ghcr.io/a/b"] {
            assert!(names_registry(named), "{named}");
        }
        for unnamed in ["app", "app:1", "team/app:1"] {
            assert!(!names_registry(unnamed), "{unnamed}");
        }
    }
}
