//! Which agent's words the reasons have.

/// The version of ECS's agent whose texts are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wording {
    /// Those of today's agent.
    #[default]
    Current,
    /// Those of agents up to 1.83 (June 2024): the texts that most of what has been written about ECS quotes.
    V1_83,
    /// Not an agent's, but those of Fargate's platform ([`ecs::fargate`]), for the tasks that run under its name.
    Fargate,
}

/// A version whose texts are not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "SEALIFT_AGENT_WORDING=`{0}` must be `1.83`, or not be set for the words of the current agent"
)]
pub struct UnknownWording(String);

impl Wording {
    /// From the value of `SEALIFT_AGENT_WORDING`.
    pub fn parse(text: Option<&str>) -> Result<Self, UnknownWording> {
        match text {
            None | Some("" | "current") => Ok(Self::Current),
            Some("1.83") => Ok(Self::V1_83),
            Some(other) => Err(UnknownWording(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_older_version_is_known() {
        assert_eq!(Wording::parse(None), Ok(Wording::Current));
        assert_eq!(Wording::parse(Some("1.83")), Ok(Wording::V1_83));
        let error = Wording::parse(Some("1.8")).unwrap_err();
        assert!(error.to_string().contains("`1.8` must be `1.83`"));
    }
}
