//! The call of `RunTask` that starts a task definition as it is.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// Where the task runs, as `RunTask` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum LaunchType {
    Ec2,
    Fargate,
    External,
}

impl LaunchType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Fargate => "FARGATE",
            Self::External => "EXTERNAL",
        }
    }

    /// FARGATE where the definition is for nothing else that `RunTask` would take by itself.
    fn of(definition: &Value) -> Option<Self> {
        let is_for = |wanted: &str| {
            let all = definition.get("requiresCompatibilities");
            let all = all.and_then(Value::as_array);
            all.is_some_and(|all| all.iter().any(|one| one == wanted))
        };
        (is_for("FARGATE") && !is_for("EC2")).then_some(Self::Fargate)
    }
}

/// Subnets are kept and told, and guard nothing here: one is named because the API wants it.
const SUBNET: &str = "subnet-00000000000000000";

/// The input of `RunTask` for one task of this definition, as it was registered.
pub fn of(definition: &Value, arn: &str, cluster: &str, wish: Option<LaunchType>) -> Value {
    let mut input = Map::new();
    let mut put = |name: &str, value| input.insert(name.to_owned(), value);
    put("cluster", json!(cluster));
    put("taskDefinition", json!(arn));
    put("count", json!(1));
    put("startedBy", json!("sealift run"));
    if let Some(launch_type) = wish.or_else(|| LaunchType::of(definition)) {
        put("launchType", json!(launch_type.as_str()));
    }
    if definition.get("networkMode").and_then(Value::as_str) == Some("awsvpc") {
        let network = json!({ "awsvpcConfiguration": { "subnets": [SUBNET] } });
        put("networkConfiguration", network);
    }
    Value::Object(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(definition: &Value, wish: Option<LaunchType>) -> (Value, bool) {
        let call = of(definition, "f:1", "default", wish);
        (
            call["launchType"].clone(),
            call["networkConfiguration"].is_object(),
        )
    }

    #[test]
    fn a_definition_says_itself_where_it_runs() {
        let fargate = json!({"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"});
        assert_eq!(call(&fargate, None), (json!("FARGATE"), true));
        let both = json!({"requiresCompatibilities": ["EC2", "FARGATE"], "networkMode": "awsvpc"});
        assert_eq!(call(&both, None), (Value::Null, true));
        assert_eq!(
            call(&both, Some(LaunchType::Fargate)),
            (json!("FARGATE"), true)
        );
        assert_eq!(call(&json!({}), None), (Value::Null, false));
        assert_eq!(
            call(&json!({}), Some(LaunchType::External)),
            (json!("EXTERNAL"), false)
        );
    }
}
