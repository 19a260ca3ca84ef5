//! Policies about ECS and the registry.

use serde_json::{Value, json};

use super::{AwsManaged, allow};

pub(super) fn policies() -> Vec<AwsManaged> {
    vec![
        AwsManaged::new(
            "/",
            "AmazonEC2ContainerRegistryFullAccess",
            3,
            "Allows everything in the registry.",
            &json!([
                allow(&["ecr:*", "cloudtrail:LookupEvents"]),
                {
                    "Effect": "Allow",
                    "Action": ["iam:CreateServiceLinkedRole"],
                    "Resource": "*",
                    "Condition": {"StringEquals": {"iam:AWSServiceName": ["replication.ecr.amazonaws.com"]}},
                },
            ]),
        ),
        AwsManaged::new(
            "/",
            "AmazonEC2ContainerRegistryPowerUser",
            3,
            "Allows pulling and pushing images, but no change of repositories.",
            &json!([allow(&[
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecr:DescribeImages",
                "ecr:BatchGetImage",
                "ecr:GetLifecyclePolicy",
                "ecr:GetLifecyclePolicyPreview",
                "ecr:ListTagsForResource",
                "ecr:DescribeImageScanFindings",
                "ecr:InitiateLayerUpload",
                "ecr:UploadLayerPart",
                "ecr:CompleteLayerUpload",
                "ecr:PutImage"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "AmazonEC2ContainerRegistryPullOnly",
            1,
            "Allows pulling images.",
            &json!([allow(&[
                "ecr:GetAuthorizationToken",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchImportUpstreamImage"
            ])]),
        ),
        AwsManaged::new(
            "/",
            "AmazonEC2ContainerRegistryReadOnly",
            3,
            "Allows reading in the registry.",
            &json!([allow(&[
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecr:DescribeImages",
                "ecr:BatchGetImage",
                "ecr:GetLifecyclePolicy",
                "ecr:GetLifecyclePolicyPreview",
                "ecr:ListTagsForResource",
                "ecr:DescribeImageScanFindings"
            ])]),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonEC2ContainerServiceAutoscaleRole",
            2,
            "Lets services be scaled.",
            &json!([allow(&[
                "ecs:DescribeServices",
                "ecs:UpdateService",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:PutMetricAlarm"
            ])]),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonEC2ContainerServiceEventsRole",
            2,
            "Lets events run tasks.",
            &json!([
                allow(&["ecs:RunTask"]),
                {
                    "Effect": "Allow",
                    "Action": "iam:PassRole",
                    "Resource": ["*"],
                    "Condition": {"StringLike": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                },
                {
                    "Effect": "Allow",
                    "Action": "ecs:TagResource",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"ecs:CreateAction": ["RunTask"]}},
                },
            ]),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonEC2ContainerServiceRole",
            2,
            "Lets services register with load balancers.",
            &json!([allow(&[
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:Describe*",
                "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:Describe*",
                "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
                "elasticloadbalancing:RegisterTargets"
            ])]),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonEC2ContainerServiceforEC2Role",
            7,
            "Lets container instances register, report and pull images.",
            &container_instance(),
        ),
        AwsManaged::new(
            "/",
            "AmazonECS_FullAccess",
            21,
            "Allows everything in ECS, and what it needs of other services.",
            &ecs_full(),
        ),
        AwsManaged::new(
            "/service-role/",
            "AmazonECSTaskExecutionRolePolicy",
            1,
            "Lets tasks pull their images and write their logs.",
            &json!([allow(&[
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ])]),
        ),
    ]
}

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

fn ecs_full() -> Value {
    json!([
        allow(&[
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingActivities",
            "application-autoscaling:DescribeScalingPolicies",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:RegisterScalableTarget",
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricStatistics",
            "cloudwatch:PutMetricAlarm",
            "ec2:Describe*",
            "ecs:*",
            "elasticloadbalancing:Create*",
            "elasticloadbalancing:Delete*",
            "elasticloadbalancing:Describe*",
            "events:DeleteRule",
            "events:DescribeRule",
            "events:ListRuleNamesByTarget",
            "events:ListTargetsByRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfiles",
            "iam:ListRoles",
            "logs:CreateLogGroup",
            "logs:DescribeLogGroups",
            "logs:FilterLogEvents",
            "servicediscovery:Create*",
            "servicediscovery:Delete*",
            "servicediscovery:Get*",
            "servicediscovery:List*",
            "servicediscovery:UpdateService",
            "sns:ListTopics",
        ]),
        {
            "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            "Resource": "arn:aws:ssm:*:*:parameter/aws/service/ecs*",
        },
        pass_role("*", &["ecs-tasks.amazonaws.com"]),
        pass_role(
            "arn:aws:iam::*:role/ecsInstanceRole*",
            &["ec2.amazonaws.com", "ec2.amazonaws.com.cn"],
        ),
        pass_role(
            "arn:aws:iam::*:role/ecsAutoscaleRole*",
            &["application-autoscaling.amazonaws.com"],
        ),
        {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": "*",
            "Condition": {"StringLike": {"iam:AWSServiceName": [
                "autoscaling.amazonaws.com",
                "ecs.amazonaws.com",
                "ecs.application-autoscaling.amazonaws.com",
                "spot.amazonaws.com",
                "spotfleet.amazonaws.com",
            ]}},
        },
    ])
}

fn pass_role(resource: &str, services: &[&str]) -> Value {
    json!({
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": resource,
        "Condition": {"StringLike": {"iam:PassedToService": services}},
    })
}
