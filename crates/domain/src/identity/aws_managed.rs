//! AWS's own managed policies. They are part of the program, exist in every account, and cannot be changed.

use std::sync::{Arc, LazyLock};

use policy::{Policy, PolicyKind};
use serde_json::{Value, json};
use types::{Arn, Timestamp};

/// A policy of AWS's.
#[derive(Debug)]
pub struct AwsManaged {
    pub name: &'static str,
    /// `/`, or `/…/`.
    pub path: &'static str,
    pub description: &'static str,
    /// `ANPA…`, made from the name since AWS's own ids mean nothing here.
    pub id: String,
    pub document: String,
    compiled: Arc<Policy>,
}

/// When AWS's policies appeared, as their dates say; a fixed moment for all of them.
pub const CREATED: Timestamp = Timestamp::from_secs(1_423_159_239);

impl AwsManaged {
    /// The ARN, in the partition of the request.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name)
    }

    /// Ready to be evaluated.
    pub fn compiled(&self) -> Arc<Policy> {
        Arc::clone(&self.compiled)
    }

    fn new(
        path: &'static str,
        name: &'static str,
        description: &'static str,
        statements: &Value,
    ) -> Self {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let compiled = Policy::parse(&document, PolicyKind::Identity)
            .expect("the statements below are a policy");
        let id: String = crypto::sha256_hex(name.as_bytes())
            .to_ascii_uppercase()
            .chars()
            .take(17)
            .collect();
        Self {
            name,
            path,
            description,
            id: format!("ANPA{id}"),
            document,
            compiled: Arc::new(compiled),
        }
    }
}

/// The policy of this ARN, in whatever partition.
pub fn find(arn: &str) -> Option<&'static AwsManaged> {
    let arn: Arn = arn.parse().ok()?;
    if arn.service != "iam" || arn.account != "aws" || !arn.region.is_empty() {
        return None;
    }
    let path_and_name = arn.resource.strip_prefix("policy")?;
    ALL.iter()
        .find(|policy| path_and_name.strip_prefix(policy.path) == Some(policy.name))
}

/// All of them, in the order of their names.
pub fn all() -> &'static [AwsManaged] {
    &ALL
}

static ALL: LazyLock<Vec<AwsManaged>> = LazyLock::new(|| {
    vec![
        AwsManaged::new(
            "/",
            "AdministratorAccess",
            "Provides full access to AWS services and resources.",
            &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonEC2ContainerServiceforEC2Role",
            "Default policy for the Amazon EC2 Role for Amazon EC2 Container Service.",
            &container_instance(),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonECSTaskExecutionRolePolicy",
            "Provides access to other AWS service resources that are required to run Amazon ECS tasks",
            &json!([{
                "Effect": "Allow",
                "Action": [
                    "ecr:GetAuthorizationToken",
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:BatchGetImage",
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                ],
                "Resource": "*",
            }]),
        ),
        AwsManaged::new(
            "/",
            "AmazonSSMFullAccess",
            "Provides full access to Amazon SSM.",
            &json!([{
                "Effect": "Allow",
                "Action": [
                    "cloudwatch:PutMetricData",
                    "ds:CreateComputer",
                    "ds:DescribeDirectories",
                    "ec2:DescribeInstanceStatus",
                    "logs:*",
                    "ssm:*",
                    "ec2messages:*",
                ],
                "Resource": "*",
            }]),
        ),
        AwsManaged::new(
            "/",
            "AmazonSSMReadOnlyAccess",
            "Provides read only access to Amazon SSM.",
            &json!([{"Effect": "Allow", "Action": ["ssm:Describe*", "ssm:Get*", "ssm:List*"], "Resource": "*"}]),
        ),
        AwsManaged::new(
            "/",
            "PowerUserAccess",
            "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
            &power_user(),
        ),
        AwsManaged::new(
            "/",
            "ReadOnlyAccess",
            "Provides read-only access to AWS services and resources.",
            &read_only(),
        ),
        AwsManaged::new(
            "/",
            "SecretsManagerReadWrite",
            "Provides read/write access to AWS Secrets Manager via the AWS Management Console.",
            &secrets_manager(),
        ),
    ]
});

fn container_instance() -> Value {
    json!([
        {
            "Effect": "Allow",
            "Action": [
                "ec2:DescribeTags",
                "ecs:CreateCluster",
                "ecs:DeregisterContainerInstance",
                "ecs:DiscoverPollEndpoint",
                "ecs:Poll",
                "ecs:RegisterContainerInstance",
                "ecs:StartTelemetrySession",
                "ecs:UpdateContainerInstancesState",
                "ecs:Submit*",
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": "*",
            "Condition": {"StringEquals": {"ecs:CreateAction": ["CreateCluster", "RegisterContainerInstance"]}},
        },
    ])
}

fn power_user() -> Value {
    json!([
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeOrganization",
            ],
            "Resource": "*",
        },
    ])
}

/// The part about the services that are here. AWS's own does not read the values of secrets either.
fn read_only() -> Value {
    json!([{
        "Effect": "Allow",
        "Action": [
            "ecr:BatchCheck*",
            "ecr:BatchGet*",
            "ecr:Describe*",
            "ecr:Get*",
            "ecr:List*",
            "ecs:Describe*",
            "ecs:List*",
            "iam:Generate*",
            "iam:Get*",
            "iam:List*",
            "iam:Simulate*",
            "kms:Describe*",
            "kms:Get*",
            "kms:List*",
            "logs:Describe*",
            "logs:FilterLogEvents",
            "logs:Get*",
            "logs:List*",
            "secretsmanager:Describe*",
            "secretsmanager:GetResourcePolicy",
            "secretsmanager:List*",
            "ssm:Describe*",
            "ssm:Get*",
            "ssm:List*",
            "sts:GetAccessKeyInfo",
            "sts:GetCallerIdentity",
            "sts:GetSessionToken",
        ],
        "Resource": "*",
    }])
}

fn secrets_manager() -> Value {
    json!([
        {
            "Sid": "BasePermissions",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:*",
                "cloudformation:CreateChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStackResource",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
                "docdb-elastic:GetCluster",
                "docdb-elastic:ListClusters",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "kms:DescribeKey",
                "kms:ListAliases",
                "kms:ListKeys",
                "lambda:ListFunctions",
                "rds:DescribeDBClusters",
                "rds:DescribeDBInstances",
                "redshift:DescribeClusters",
                "redshift-serverless:ListWorkgroups",
                "redshift-serverless:GetNamespace",
                "tag:GetResources",
            ],
            "Resource": "*",
        },
        {
            "Sid": "LambdaPermissions",
            "Effect": "Allow",
            "Action": [
                "lambda:AddPermission",
                "lambda:CreateFunction",
                "lambda:GetFunction",
                "lambda:InvokeFunction",
                "lambda:UpdateFunctionConfiguration",
            ],
            "Resource": "arn:aws:lambda:*:*:function:SecretsManager*",
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_by_arn_with_their_path() {
        let find = |arn: &str| find(arn).map(|policy| policy.name);
        assert_eq!(
            find("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"),
            Some("AmazonECSTaskExecutionRolePolicy")
        );
        assert_eq!(
            find("arn:aws-cn:iam::aws:policy/ReadOnlyAccess"),
            Some("ReadOnlyAccess")
        );
        assert_eq!(
            find("arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy"),
            None
        );
        assert_eq!(
            find("arn:aws:iam::111122223333:policy/ReadOnlyAccess"),
            None
        );
        assert_eq!(find("ReadOnlyAccess"), None);
    }

    #[test]
    fn every_policy_compiles_and_they_are_sorted() {
        let names: Vec<_> = all().iter().map(|policy| policy.name).collect();
        assert!(names.is_sorted());
        assert_eq!(names.len(), 8);
    }

    #[test]
    fn the_execution_role_policy_reads_no_secret() {
        let policy = find("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
        let document = &policy.unwrap().document;
        assert!(!document.contains("secretsmanager") && !document.contains("ssm"));
    }
}
