//! What a grant gives: which operations, under which encryption contexts.

use std::collections::BTreeMap;

use api::{
    CommonError,
    kms::{Error, GrantConstraints, GrantOperation},
};
use crypto::EncryptionContext;
use types::Fault;

/// The most pairs that one constraint has.
const MAX_PAIRS: usize = 8;
/// The longest value in a constraint.
const MAX_VALUE: usize = 384;

/// The operations of a grant and its constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// In the order in which they were given, each once.
    operations: Vec<GrantOperation>,
    /// The context must be exactly this.
    equals: Option<EncryptionContext>,
    /// The context must contain this.
    subset: Option<EncryptionContext>,
}

impl Terms {
    /// Checks what a caller wants to grant.
    pub(super) fn new(
        asked: Vec<GrantOperation>,
        constraints: Option<GrantConstraints>,
    ) -> Result<Self, Error> {
        let mut operations = Vec::new();
        for operation in asked {
            if !is_for_symmetric_keys(operation) {
                // AWS: the text was not observed.
                return Err(invalid(format!(
                    "Grant operation {} is not supported for key spec SYMMETRIC_DEFAULT.",
                    operation.as_str()
                )));
            }
            if !operations.contains(&operation) {
                operations.push(operation);
            }
        }
        if operations.is_empty() {
            return Err(invalid(
                "1 validation error detected: Value '[]' at 'operations' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1"
                    .to_owned(),
            ));
        }
        let constraints = constraints.unwrap_or_default();
        Ok(Self {
            operations,
            equals: constraint(constraints.encryption_context_equals)?,
            subset: constraint(constraints.encryption_context_subset)?,
        })
    }

    /// Reads back what [`columns`](Self::columns) wrote.
    pub(super) fn from_columns(
        operations: &str,
        equals: Option<&str>,
        subset: Option<&str>,
    ) -> Result<Self, Fault> {
        let operations: Vec<String> = serde_json::from_str(operations).map_err(Fault::new)?;
        let operations = operations.iter().map(|one| one.parse().map_err(Fault::new));
        let context = |text: Option<&str>| {
            let pairs = text.map(serde_json::from_str::<BTreeMap<String, String>>);
            let pairs = pairs.transpose().map_err(Fault::new)?;
            Ok::<_, Fault>(pairs.map(EncryptionContext::from))
        };
        Ok(Self {
            operations: operations.collect::<Result<_, _>>()?,
            equals: context(equals)?,
            subset: context(subset)?,
        })
    }

    /// Operations, equal context and contained context, as the store keeps them.
    pub(super) fn columns(&self) -> (String, Option<String>, Option<String>) {
        let names: Vec<_> = self.operations.iter().map(|one| one.as_str()).collect();
        let object = |context: &EncryptionContext| serde_json::json!(pairs(context)).to_string();
        (
            serde_json::json!(names).to_string(),
            self.equals.as_ref().map(object),
            self.subset.as_ref().map(object),
        )
    }

    pub(super) fn operations(&self) -> &[GrantOperation] {
        &self.operations
    }

    /// The constraints as answers show them; `None` where there are none.
    pub(super) fn constraints(&self) -> Option<GrantConstraints> {
        if self.equals.is_none() && self.subset.is_none() {
            return None;
        }
        Some(GrantConstraints {
            encryption_context_subset: self.subset.as_ref().map(pairs),
            encryption_context_equals: self.equals.as_ref().map(pairs),
        })
    }

    /// `kms:GrantConstraintType`.
    pub(super) fn constraint_type(&self) -> Option<&'static str> {
        match (&self.equals, &self.subset) {
            (Some(_), _) => Some("EncryptionContextEquals"),
            (None, Some(_)) => Some("EncryptionContextSubset"),
            (None, None) => None,
        }
    }

    /// The context that is asked for, which conditions on the encryption context see when the grant is made.
    pub(super) fn context(&self) -> Option<&EncryptionContext> {
        self.equals.as_ref().or(self.subset.as_ref())
    }

    /// Whether the grant gives this operation under this context. Operations that take no context are not bound to any.
    pub(super) fn cover(
        &self,
        operation: GrantOperation,
        context: Option<&EncryptionContext>,
    ) -> bool {
        let met = |context: &EncryptionContext| {
            self.equals.as_ref().is_none_or(|equals| equals == context)
                && self
                    .subset
                    .as_ref()
                    .is_none_or(|subset| contains(context, subset))
        };
        self.operations.contains(&operation) && context.is_none_or(met)
    }

    /// Whether whoever has this grant could make that one: it gives nothing that this one does not give.
    pub(super) fn cover_all_of(&self, other: &Self) -> bool {
        let operations = &other.operations;
        operations.iter().all(|one| self.operations.contains(one))
            && self
                .equals
                .as_ref()
                .is_none_or(|equals| other.equals.as_ref() == Some(equals))
            && self.subset.as_ref().is_none_or(|subset| {
                let bound = other.equals.iter().chain(&other.subset);
                bound.into_iter().any(|context| contains(context, subset))
            })
    }

    /// Whether two requests for a grant ask for the same, in whatever order.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.equals == other.equals
            && self.subset == other.subset
            && self.operations.len() == other.operations.len()
            && other
                .operations
                .iter()
                .all(|one| self.operations.contains(one))
    }
}

fn is_for_symmetric_keys(operation: GrantOperation) -> bool {
    !matches!(
        operation,
        GrantOperation::Sign
            | GrantOperation::Verify
            | GrantOperation::GetPublicKey
            | GrantOperation::GenerateMac
            | GrantOperation::VerifyMac
            | GrantOperation::DeriveSharedSecret
    )
}

fn constraint(pairs: Option<BTreeMap<String, String>>) -> Result<Option<EncryptionContext>, Error> {
    let Some(pairs) = pairs else { return Ok(None) };
    if pairs.len() > MAX_PAIRS {
        let text = format!("A grant constraint has at most {MAX_PAIRS} encryption context pairs.");
        return Err(invalid(text));
    }
    if pairs
        .values()
        .any(|value| value.chars().count() > MAX_VALUE)
    {
        let text = format!("A value in a grant constraint has at most {MAX_VALUE} characters.");
        return Err(invalid(text));
    }
    Ok(Some(pairs.into()))
}

fn invalid(text: String) -> Error {
    CommonError::Validation(text).into()
}

fn pairs(context: &EncryptionContext) -> BTreeMap<String, String> {
    context
        .pairs()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn contains(context: &EncryptionContext, part: &EncryptionContext) -> bool {
    part.pairs()
        .all(|wanted| context.pairs().any(|pair| pair == wanted))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, option, prelude::*, sample::subsequence};

    use super::*;

    const OPERATIONS: [GrantOperation; 4] = [
        GrantOperation::Decrypt,
        GrantOperation::Encrypt,
        GrantOperation::GenerateDataKey,
        GrantOperation::CreateGrant,
    ];

    fn contexts() -> impl Strategy<Value = BTreeMap<String, String>> {
        btree_map("[ab]", "[xy]", 0..3)
    }

    prop_compose! {
        fn terms()(
            operations in subsequence(OPERATIONS.to_vec(), 1..4),
            equals in option::of(contexts()),
            subset in option::of(contexts()),
        ) -> Terms {
            let constraints = GrantConstraints {
                encryption_context_equals: equals,
                encryption_context_subset: subset,
            };
            Terms::new(operations, Some(constraints)).ok().unwrap()
        }
    }

    proptest! {
        // One pair in twenty is of a grant and another that could be made under it.
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_grant_made_under_a_grant_never_gives_more(
            parent in terms(), child in terms(), context in contexts(), operation in 0..4usize,
        ) {
            let context = EncryptionContext::from(context);
            let operation = OPERATIONS[operation];
            if parent.cover_all_of(&child) && child.cover(operation, Some(&context)) {
                prop_assert!(parent.cover(operation, Some(&context)));
            }
        }

        #[test]
        fn terms_are_read_back_as_they_were_written(terms in terms()) {
            let (operations, equals, subset) = terms.columns();
            let again = Terms::from_columns(&operations, equals.as_deref(), subset.as_deref()).unwrap();
            prop_assert_eq!(&again, &terms);
            prop_assert!(again.cover_all_of(&terms) && again.same_as(&terms));
        }
    }

    fn constrained(equals: &[(&str, &str)], subset: &[(&str, &str)]) -> Terms {
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            let map: BTreeMap<_, _> = pairs.collect();
            (!map.is_empty()).then_some(map)
        };
        let constraints = GrantConstraints {
            encryption_context_equals: map(equals),
            encryption_context_subset: map(subset),
        };
        Terms::new(vec![GrantOperation::Decrypt], Some(constraints))
            .ok()
            .unwrap()
    }

    #[test]
    fn equal_means_the_same_map_and_subset_means_contained_both_exactly() {
        let decrypt = GrantOperation::Decrypt;
        let one = EncryptionContext::from([("a", "1")]);
        let two = EncryptionContext::from([("a", "1"), ("b", "2")]);
        let equals = constrained(&[("a", "1")], &[]);
        assert!(equals.cover(decrypt, Some(&one)) && !equals.cover(decrypt, Some(&two)));
        let subset = constrained(&[], &[("a", "1")]);
        assert!(subset.cover(decrypt, Some(&one)) && subset.cover(decrypt, Some(&two)));
        let other_case = EncryptionContext::from([("A", "1")]);
        assert!(!subset.cover(decrypt, Some(&other_case)));
        assert!(!subset.cover(decrypt, Some(&EncryptionContext::default())));
        assert!(
            subset.cover(decrypt, None),
            "an operation without a context is not bound"
        );
        assert!(!subset.cover(GrantOperation::Encrypt, Some(&one)));
    }

    #[test]
    fn a_symmetric_key_has_no_grants_for_signing() {
        assert!(Terms::new(vec![GrantOperation::Sign], None).is_err());
        assert!(Terms::new(Vec::new(), None).is_err());
        let twice = Terms::new(vec![GrantOperation::Decrypt; 2], None)
            .ok()
            .unwrap();
        assert_eq!(twice.operations(), [GrantOperation::Decrypt]);
    }

    #[test]
    fn constraints_are_short() {
        let pairs = |count: usize, len: usize| {
            let pairs = (0..count)
                .map(|n| (n.to_string(), "v".repeat(len)))
                .collect();
            constraint(Some(pairs)).is_ok()
        };
        assert!(pairs(8, 384) && !pairs(9, 1) && !pairs(1, 385));
    }
}
