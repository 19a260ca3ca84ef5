//! Policies about everything, and about IAM.

use serde_json::{Value, json};

use super::{AwsManaged, allow};

pub(super) fn policies() -> Vec<AwsManaged> {
    vec![
        AwsManaged::new(
            "/",
            "AdministratorAccess",
            1,
            "Allows everything.",
            &json!([allow(&["*"])]),
        ),
        AwsManaged::new(
            "/",
            "IAMFullAccess",
            2,
            "Allows everything in IAM, and reading the organization.",
            &json!([allow(&[
                "iam:*",
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:DescribePolicy",
                "organizations:ListChildren",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:ListRoots",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "IAMReadOnlyAccess",
            4,
            "Allows reading in IAM.",
            &json!([allow(&[
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "IAMUserChangePassword",
            2,
            "Allows users to change their own passwords.",
            &json!([
                {"Effect": "Allow", "Action": ["iam:ChangePassword"], "Resource": ["arn:aws:iam::*:user/${aws:username}"]},
                {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"], "Resource": "*"},
            ]),
        ),
        AwsManaged::new(
            "/",
            "PowerUserAccess",
            5,
            "Allows everything but managing users, groups, organizations and the account.",
            &power_user(),
        ),
        AwsManaged::new(
            "/",
            "ReadOnlyAccess",
            112,
            "Allows reading what is here, but no values of secrets.",
            &read_only(),
        ),
        AwsManaged::new(
            "/job-function/",
            "ViewOnlyAccess",
            22,
            "Allows listing and describing what is here.",
            &json!([allow(&[
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecs:Describe*",
                "ecs:List*",
                "iam:GetAccountSummary",
                "iam:GetLoginProfile",
                "iam:List*",
                "kms:ListAliases",
                "kms:ListKeys",
                "logs:Describe*",
                "secretsmanager:ListSecrets",
                "ssm:DescribeParameters",
                "ssm:ListTagsForResource"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "SecurityAudit",
            50,
            "Allows reading how security is configured.",
            &json!([allow(&[
                "ecr:DescribeRepositories",
                "ecr:GetRepositoryPolicy",
                "ecs:Describe*",
                "ecs:List*",
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy",
                "kms:Describe*",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:List*",
                "logs:DescribeLogGroups",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetResourcePolicy",
                "secretsmanager:ListSecrets",
                "secretsmanager:ListSecretVersionIds",
                "ssm:Describe*",
                "ssm:ListTagsForResource"
            ])]),
        ),
    ]
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
