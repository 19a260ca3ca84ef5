//! Policies about secrets, parameters, keys and logs.

use serde_json::{Value, json};

use super::{AwsManaged, allow};

pub(super) fn policies() -> Vec<AwsManaged> {
    vec![
        AwsManaged::new(
            "/",
            "AWSKeyManagementServicePowerUser",
            2,
            "Allows making keys, aliases, tags and grants, and generating random bytes.",
            &json!([allow(&[
                "kms:CreateAlias",
                "kms:CreateKey",
                "kms:DeleteAlias",
                "kms:Describe*",
                "kms:GenerateRandom",
                "kms:Get*",
                "kms:List*",
                "kms:TagResource",
                "kms:UntagResource",
                "iam:ListGroups",
                "iam:ListRoles",
                "iam:ListUsers"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "AWSSecretsManagerClientReadOnlyAccess",
            1,
            "Allows reading the values of secrets.",
            &json!([allow(&[
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret",
                "secretsmanager:BatchGetSecretValue",
                "secretsmanager:ListSecrets",
                "kms:Decrypt"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "AmazonSSMFullAccess",
            4,
            "Allows everything in Systems Manager.",
            &json!([
                allow(&[
                    "cloudwatch:PutMetricData",
                    "ds:CreateComputer",
                    "ds:DescribeDirectories",
                    "ec2:DescribeInstanceStatus",
                    "logs:*",
                    "ssm:*",
                    "ec2messages:*",
                ]),
                {
                    "Effect": "Allow",
                    "Action": "iam:CreateServiceLinkedRole",
                    "Resource": "arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*",
                    "Condition": {"StringLike": {"iam:AWSServiceName": "ssm.amazonaws.com"}},
                },
                {
                    "Effect": "Allow",
                    "Action": ["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
                    "Resource": "arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*",
                },
                allow(&[
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ]),
            ]),
        ),
        AwsManaged::new(
            "/",
            "AmazonSSMManagedInstanceCore",
            2,
            "Lets machines and containers be managed, ECS Exec included.",
            &json!([
                allow(&[
                    "ssm:DescribeAssociation",
                    "ssm:GetDeployablePatchSnapshotForInstance",
                    "ssm:GetDocument",
                    "ssm:DescribeDocument",
                    "ssm:GetManifest",
                    "ssm:GetParameter",
                    "ssm:GetParameters",
                    "ssm:ListAssociations",
                    "ssm:ListInstanceAssociations",
                    "ssm:PutInventory",
                    "ssm:PutComplianceItems",
                    "ssm:PutConfigurePackageResult",
                    "ssm:UpdateAssociationStatus",
                    "ssm:UpdateInstanceAssociationStatus",
                    "ssm:UpdateInstanceInformation",
                ]),
                allow(&[
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ]),
                allow(&[
                    "ec2messages:AcknowledgeMessage",
                    "ec2messages:DeleteMessage",
                    "ec2messages:FailMessage",
                    "ec2messages:GetEndpoint",
                    "ec2messages:GetMessages",
                    "ec2messages:SendReply",
                ]),
            ]),
        ),
        AwsManaged::new(
            "/",
            "AmazonSSMReadOnlyAccess",
            1,
            "Allows reading in Systems Manager.",
            &json!([allow(&["ssm:Describe*", "ssm:Get*", "ssm:List*"])]),
        ),
        AwsManaged::new(
            "/",
            "CloudWatchAgentServerPolicy",
            3,
            "Lets agents write metrics and logs, and read their configuration.",
            &json!([
                allow(&[
                    "cloudwatch:PutMetricData",
                    "ec2:DescribeVolumes",
                    "ec2:DescribeTags",
                    "logs:PutLogEvents",
                    "logs:PutRetentionPolicy",
                    "logs:DescribeLogStreams",
                    "logs:DescribeLogGroups",
                    "logs:CreateLogStream",
                    "logs:CreateLogGroup",
                    "xray:PutTraceSegments",
                    "xray:PutTelemetryRecords",
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:GetSamplingStatisticSummaries",
                ]),
                {"Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"},
            ]),
        ),
        AwsManaged::new(
            "/",
            "CloudWatchLogsFullAccess",
            2,
            "Allows everything with logs.",
            &json!([allow(&["logs:*", "cloudwatch:GenerateQuery"])]),
        ),
        AwsManaged::new(
            "/",
            "CloudWatchLogsReadOnlyAccess",
            6,
            "Allows reading logs.",
            &json!([allow(&[
                "logs:Describe*",
                "logs:Get*",
                "logs:List*",
                "logs:StartQuery",
                "logs:StopQuery",
                "logs:TestMetricFilter",
                "logs:FilterLogEvents",
                "logs:StartLiveTail",
                "logs:StopLiveTail",
                "cloudwatch:GenerateQuery"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "SecretsManagerReadWrite",
            5,
            "Allows everything with secrets, and what their rotation needs.",
            &secrets_manager(),
        ),
    ]
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
