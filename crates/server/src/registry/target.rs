//! What a path of Docker's registry protocol names. Pure.

use percent_encoding::percent_decode_str;

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/v2/`: is there a registry, and is the login good?
    Registry,
    Manifest {
        repository: String,
        reference: String,
    },
    Blob {
        repository: String,
        digest: String,
    },
    /// Where uploads begin.
    Uploads {
        repository: String,
    },
    Upload {
        repository: String,
        session: String,
    },
    Tags {
        repository: String,
    },
}

impl Target {
    /// Reads a path. A repository's name may have slashes, so it is read from its end.
    pub fn parse(path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let rest = path.strip_prefix("/v2")?;
        let rest = match rest {
            "" | "/" => return Some(Self::Registry),
            rest => rest.strip_prefix('/')?,
        };
        let repository = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        if let Some(name) = rest.strip_suffix("/tags/list") {
            let repository = repository(name)?;
            return Some(Self::Tags { repository });
        }
        if let Some(name) = rest
            .strip_suffix("/blobs/uploads/")
            .or_else(|| rest.strip_suffix("/blobs/uploads"))
        {
            let repository = repository(name)?;
            return Some(Self::Uploads { repository });
        }
        let (before, last) = rest.rsplit_once('/')?;
        if last.is_empty() {
            return None;
        }
        let last = last.to_owned();
        if let Some(name) = before.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload {
                repository: repository(name)?,
                session: last,
            });
        }
        if let Some(name) = before.strip_suffix("/blobs") {
            return Some(Self::Blob {
                repository: repository(name)?,
                digest: last,
            });
        }
        let name = before.strip_suffix("/manifests")?;
        Some(Self::Manifest {
            repository: repository(name)?,
            reference: last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_its_end() {
        let repository = "team/blobs/app".to_owned();
        let path = |rest: &str| Target::parse(&format!("/v2/team/blobs/app{rest}"));
        assert_eq!(
            path("/manifests/v1"),
            Some(Target::Manifest {
                repository: repository.clone(),
                reference: "v1".into()
            })
        );
        assert_eq!(
            path("/blobs/sha256%3Aab"),
            Some(Target::Blob {
                repository: repository.clone(),
                digest: "sha256:ab".into()
            })
        );
        let uploads = Some(Target::Uploads {
            repository: repository.clone(),
        });
        assert_eq!(path("/blobs/uploads/"), uploads);
        assert_eq!(path("/blobs/uploads"), uploads);
        assert_eq!(
            path("/blobs/uploads/x"),
            Some(Target::Upload {
                repository: repository.clone(),
                session: "x".into()
            })
        );
        assert_eq!(path("/tags/list"), Some(Target::Tags { repository }));
        assert_eq!(Target::parse("/v2/"), Some(Target::Registry));
        for none in [
            "/v2/app",
            "/v2/manifests/x",
            "/v2/app/manifests/",
            "/v3/",
            "/v2x",
            "/v2/_catalog",
        ] {
            assert_eq!(Target::parse(none), None, "{none}");
        }
    }
}
