//! No body, however strange, makes a decoder panic.

use api::{
    Modeled,
    codec::{parse_json, parse_query, to_json_string},
    decode_input,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Decodes a body as the input of every operation.
fn decode_as_everything(body: &[u8]) {
    fn decode<O: Modeled>(body: &[u8]) {
        let node = if O::SERVICE.is_query() {
            parse_query(body)
        } else {
            parse_json(body)
        };
        if let Ok(node) = node {
            let _ = decode_input::<O>(node).map_err(|error| error.to_string());
        }
    }
    macro_rules! decode_all {
        ($(($service:ident, $module:ident, $operation:ident))*) => {
            $(decode::<api::$service::$module::$operation>(body);)*
        };
    }
    api::for_each_operation!(decode_all);
}

/// JSON whose members have names that operations know.
fn plausible() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|f: f64| json!(f)),
        "\\PC{0,12}".prop_map(Value::from),
        "(AES_256|ENABLED|Standard|arn:aws:iam::123456789012:role/r|AAAA)".prop_map(Value::from),
    ];
    let name = "(SecretId|Name|Tags|Key|Value|Filters|Values|Names|KeyId|Plaintext|EncryptionContext|SecretString|\
                SecretBinary|ClientRequestToken|taskDefinition|containerDefinitions|environment|overrides|tags|key|\
                value|count|family|secrets|name|image|volumes|logConfiguration|options)";
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn plausible_json(value in plausible()) {
        decode_as_everything(value.to_string().as_bytes());
    }

    #[test]
    fn arbitrary_bytes(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        decode_as_everything(&body);
    }

    #[test]
    fn what_was_accepted_is_the_same_after_storing(value in plausible()) {
        use api::ecs::register_task_definition::{Input, RegisterTaskDefinition};
        let node = parse_json(json!({"family": "f", "containerDefinitions": [value]}).to_string().as_bytes()).unwrap();
        if let Ok(input) = decode_input::<RegisterTaskDefinition>(node) {
            let stored: Input = api::codec::from_json_str(&to_json_string(&input)).unwrap();
            prop_assert_eq!(stored, input);
        }
    }
}
