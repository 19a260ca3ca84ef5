//! Which tier a parameter gets: pure.

use api::ssm::{Error, ParameterTier};

use super::errors::validation;

/// The longest value of a tier, in bytes.
pub(super) const fn longest_value(tier: ParameterTier) -> usize {
    match tier {
        ParameterTier::Standard => 4096,
        ParameterTier::Advanced | ParameterTier::IntelligentTiering => 8192,
    }
}

/// What the choice depends on.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) asked: Option<ParameterTier>,
    /// The tier of the version before.
    pub(super) before: Option<ParameterTier>,
    /// In bytes.
    pub(super) value_length: usize,
    pub(super) has_policies: bool,
    /// Whether another Standard parameter would be one too many.
    pub(super) standard_is_full: bool,
    /// Whether another Advanced parameter would be one too many.
    pub(super) advanced_is_full: bool,
}

/// The tier that a request asks for, with the account's default where it names none. A parameter that exists keeps its
/// tier then, unless the default is to choose one each time.
pub(super) fn asked(
    named: Option<ParameterTier>,
    default: ParameterTier,
    before: Option<ParameterTier>,
) -> Option<ParameterTier> {
    let default = match (default, before) {
        (ParameterTier::IntelligentTiering, _) | (_, None) => Some(default),
        _ => None,
    };
    named.or(default)
}

/// Standard or Advanced, never Intelligent-Tiering, which is only a way to choose.
pub(super) fn choose(wish: &Wish) -> Result<ParameterTier, Error> {
    let was_advanced = wish.before == Some(ParameterTier::Advanced);
    let tier = match wish.asked {
        Some(ParameterTier::Standard) if was_advanced => {
            return Err(validation(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
            ));
        }
        Some(ParameterTier::IntelligentTiering) => {
            let too_long = wish.value_length > longest_value(ParameterTier::Standard);
            if was_advanced || too_long || wish.has_policies || wish.standard_is_full {
                ParameterTier::Advanced
            } else {
                ParameterTier::Standard
            }
        }
        Some(tier) => tier,
        None => wish.before.unwrap_or(ParameterTier::Standard),
    };
    if wish.value_length > longest_value(tier) {
        return Err(validation(match tier {
            ParameterTier::Standard => {
                "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
            }
            _ => "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        }));
    }
    if tier == ParameterTier::Standard && wish.has_policies {
        return Err(validation(
            "Parameter policies require the advanced-parameter tier.",
        ));
    }
    if tier == ParameterTier::Standard && wish.standard_is_full {
        return Err(Error::ParameterLimitExceeded(
            "You have reached the maximum number of standard parameters for this AWS account and Region (10000). To add more parameters, either delete existing parameters or upgrade to the advanced-parameter tier (charges apply)."
                .to_owned(),
        ));
    }
    if tier == ParameterTier::Advanced && wish.advanced_is_full {
        return Err(Error::ParameterLimitExceeded(
            "You have reached the maximum number of advanced parameters for this AWS account and Region (100000). To add more parameters, delete existing parameters."
                .to_owned(),
        ));
    }
    Ok(tier)
}

#[cfg(test)]
mod tests {
    use api::ssm::ParameterTier::{Advanced, IntelligentTiering, Standard};

    use super::*;

    const WISH: Wish = Wish {
        asked: None,
        before: None,
        value_length: 10,
        has_policies: false,
        standard_is_full: false,
        advanced_is_full: false,
    };

    #[test]
    fn the_default_tier_is_for_what_names_none() {
        assert_eq!(asked(None, Advanced, None), Some(Advanced));
        assert_eq!(asked(Some(Standard), Advanced, None), Some(Standard));
        assert_eq!(asked(None, Advanced, Some(Standard)), None);
        let chosen = asked(None, IntelligentTiering, Some(Standard));
        assert_eq!(chosen, Some(IntelligentTiering));
    }

    #[test]
    fn the_advanced_tier_can_be_full_too() {
        let wish = Wish {
            asked: Some(Advanced),
            advanced_is_full: true,
            ..WISH
        };
        assert!(matches!(
            choose(&wish),
            Err(Error::ParameterLimitExceeded(_))
        ));
        let standard = Wish {
            asked: Some(Standard),
            ..wish
        };
        assert!(choose(&standard).is_ok());
    }

    #[test]
    fn a_parameter_is_standard_unless_it_was_advanced() {
        assert_eq!(choose(&WISH).unwrap(), Standard);
        assert_eq!(
            choose(&Wish {
                before: Some(Advanced),
                ..WISH
            })
            .unwrap(),
            Advanced
        );
        assert_eq!(
            choose(&Wish {
                asked: Some(Advanced),
                before: Some(Standard),
                ..WISH
            })
            .unwrap(),
            Advanced
        );
        assert!(
            choose(&Wish {
                asked: Some(Standard),
                before: Some(Advanced),
                ..WISH
            })
            .is_err()
        );
    }

    #[test]
    fn intelligent_tiering_chooses_advanced_only_where_it_must() {
        let wish = Wish {
            asked: Some(IntelligentTiering),
            ..WISH
        };
        assert_eq!(choose(&wish).unwrap(), Standard);
        let must = [
            Wish {
                value_length: 4097,
                ..wish
            },
            Wish {
                has_policies: true,
                ..wish
            },
            Wish {
                standard_is_full: true,
                ..wish
            },
            Wish {
                before: Some(Advanced),
                ..wish
            },
        ];
        for wish in must {
            assert_eq!(choose(&wish).unwrap(), Advanced);
        }
    }

    #[test]
    fn each_tier_has_its_limits() {
        assert!(
            choose(&Wish {
                value_length: 4096,
                ..WISH
            })
            .is_ok()
        );
        assert!(
            choose(&Wish {
                value_length: 4097,
                ..WISH
            })
            .is_err()
        );
        assert!(
            choose(&Wish {
                asked: Some(Advanced),
                value_length: 8192,
                ..WISH
            })
            .is_ok()
        );
        assert!(
            choose(&Wish {
                asked: Some(Advanced),
                value_length: 8193,
                ..WISH
            })
            .is_err()
        );
        assert!(
            choose(&Wish {
                has_policies: true,
                ..WISH
            })
            .is_err()
        );
        assert!(matches!(
            choose(&Wish {
                standard_is_full: true,
                ..WISH
            }),
            Err(Error::ParameterLimitExceeded(_))
        ));
    }
}
