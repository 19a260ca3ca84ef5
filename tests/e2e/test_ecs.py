"""Clusters and task definitions as boto3 sees them."""

import re

from errors import refused
from harness import IMAGE, allow
from tasks import Tasks, container, execution_role

SPLUNK = {"splunk-url": "https://splunk.test:8088"}
NEEDS_ROLE = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."


# Clusters


def test_clusters(ecs, server, name):
    made = ecs.create_cluster(clusterName=name)["cluster"]
    assert made["clusterArn"] == f"arn:aws:ecs:{server.region}:{server.account}:cluster/{name}"
    assert (made["clusterName"], made["status"]) == (name, "ACTIVE")
    assert ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"] == made["clusterArn"]
    assert made["clusterArn"] in ecs.list_clusters()["clusterArns"]
    answer = ecs.describe_clusters(clusters=[name, "absent"])
    assert [one["clusterName"] for one in answer["clusters"]] == [name]
    (failure,) = answer["failures"]
    assert (failure["reason"], failure["arn"].endswith(":cluster/absent")) == ("MISSING", True)
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    assert made["clusterArn"] not in ecs.list_clusters()["clusterArns"]


def test_the_default_cluster_is_there_from_the_start(server):
    ecs = server.client("ecs", region="eu-south-1")
    (cluster,) = ecs.describe_clusters()["clusters"]
    assert (cluster["clusterName"], cluster["status"]) == ("default", "ACTIVE")


def test_an_absent_cluster_is_not_found(ecs, name):
    for call in (
        lambda: ecs.run_task(cluster=name, taskDefinition="x"),
        lambda: ecs.list_tasks(cluster=name),
        lambda: ecs.describe_tasks(cluster=name, tasks=["0" * 32]),
        lambda: ecs.delete_cluster(cluster=name),
    ):
        with refused("ClusterNotFoundException", "Cluster not found."):
            call()


def test_a_cluster_with_tasks_is_not_deleted(server, name):
    ecs = server.client("ecs")
    ecs.create_cluster(clusterName=name)
    there = Tasks(server, cluster=name)
    task = there.start(container())
    assert f":task/{name}/" in task
    with refused("ClusterContainsTasksException"):
        ecs.delete_cluster(cluster=name)
    ecs.stop_task(cluster=name, task=task)
    there.wait(task, "STOPPED")


def test_a_container_instance_serves_the_cluster(tasks, ecs, server):
    tasks.start(container())
    arns = ecs.list_container_instances()["containerInstanceArns"]
    (instance,) = ecs.describe_container_instances(containerInstances=arns)["containerInstances"]
    assert (instance["status"], instance["agentConnected"]) == ("ACTIVE", True)
    names = {one["name"] for one in instance["attributes"]}
    assert {"ecs.capability.secrets.asm.environment-variables", "ecs.capability.secrets.ssm.environment-variables"} <= names


# Task definitions


FULL = {
    "networkMode": "bridge",
    "cpu": "256",
    "memory": "128",
    "requiresCompatibilities": ["EC2"],
    "volumes": [{"name": "data"}],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:x == y"}],
    "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    "containerDefinitions": [
        {
            "name": "app",
            "image": "registry.test/image:tag",
            "cpu": 10,
            "memory": 64,
            "memoryReservation": 32,
            "essential": True,
            "links": ["other:alias"],
            "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}],
            "entryPoint": ["sh", "-c"],
            "command": ["true"],
            "environment": [{"name": "A", "value": "b"}],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}],
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}},
            "dependsOn": [{"containerName": "other", "condition": "START"}],
            "startTimeout": 60,
            "stopTimeout": 5,
            "user": "1000:1000",
            "workingDirectory": "/data",
            "dnsServers": ["192.0.2.1"],
            "extraHosts": [{"hostname": "h", "ipAddress": "192.0.2.2"}],
            "ulimits": [{"name": "nofile", "softLimit": 10, "hardLimit": 20}],
            "dockerLabels": {"a.b": "c"},
            "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "1m"}},
            "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10, "retries": 2},
            "readonlyRootFilesystem": True,
            "interactive": False,
            "pseudoTerminal": False,
        },
        {"name": "other", "image": IMAGE, "memory": 32, "essential": False},
    ],
}


def contained(part, whole) -> bool:
    """Whether everything in `part` is in `whole`, which may say more."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contained(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(contained, part, whole))
    return part == whole


def test_the_whole_shape_of_a_task_definition_is_kept(ecs, server, name):
    made = ecs.register_task_definition(family=name, tags=[{"key": "k", "value": "v"}], **FULL)
    definition = made["taskDefinition"]
    assert contained(FULL, definition)
    assert (definition["family"], definition["revision"], definition["status"]) == (name, 1, "ACTIVE")
    assert definition["registeredBy"] == f"arn:aws:iam::{server.account}:root"
    assert made["tags"] == [{"key": "k", "value": "v"}]
    described = ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
    assert described["taskDefinition"] == definition
    assert described["tags"] == made["tags"]


def test_revisions_count_and_are_found_by_family_revision_and_arn(tasks, ecs, name):
    first, second = (tasks.register(container(), family=name) for _ in range(2))
    assert (first.split("/")[-1], second.split("/")[-1]) == (f"{name}:1", f"{name}:2")
    for given, revision in ((name, 2), (f"{name}:1", 1), (first, 1), (second, 2)):
        assert ecs.describe_task_definition(taskDefinition=given)["taskDefinition"]["revision"] == revision

    assert ecs.deregister_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["revision"] == 1
    assert ecs.describe_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"] == [first]
    assert ecs.list_task_definitions(familyPrefix=name, status="INACTIVE")["taskDefinitionArns"] == [second]
    with refused("ClientException"):
        ecs.run_task(taskDefinition=second)
    assert tasks.register(container(), family=name).endswith(":3")


def test_families_are_listed_in_pages(tasks, ecs, name):
    names = [f"{name}-{letter}" for letter in "abc"]
    for one in names:
        tasks.register(container(), family=one)
    pages = ecs.get_paginator("list_task_definition_families").paginate(familyPrefix=name, PaginationConfig={"PageSize": 2})
    assert [family for page in pages for family in page["families"]] == names
    arns = ecs.list_task_definitions(familyPrefix=names[0], sort="DESC", maxResults=1)
    assert len(arns["taskDefinitionArns"]) == 1


def test_an_absent_task_definition_is_refused(ecs, name):
    for call in (
        lambda: ecs.describe_task_definition(taskDefinition=name),
        lambda: ecs.run_task(taskDefinition=name),
        lambda: ecs.deregister_task_definition(taskDefinition=f"{name}:1"),
    ):
        with refused("ClientException"):
            call()


def test_secrets_and_registry_credentials_need_an_execution_role(tasks):
    secret = [{"name": "V", "valueFrom": "p"}]
    with refused("ClientException", NEEDS_ROLE):
        tasks.register(container(secrets=secret))
    with refused("ClientException", NEEDS_ROLE):
        tasks.register(
            container(
                logConfiguration={"logDriver": "splunk", "options": SPLUNK, "secretOptions": [{"name": "splunk-token", "valueFrom": "p"}]}
            )
        )
    text = "Private repository authentication requires that the task definition specify a value for executionRoleArn."
    with refused("ClientException", text):
        tasks.register(container(repositoryCredentials={"credentialsParameter": "s"}))


def test_names_of_secrets_are_unique(tasks, server, name):
    role = execution_role(server)
    text = "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'V'."
    with refused("ClientException", text):
        tasks.register(
            container(environment=[{"name": "V", "value": "v"}], secrets=[{"name": "V", "valueFrom": "p"}]), executionRoleArn=role
        )
    with refused("ClientException", "Duplicate secret names found: V. Each secret name must be unique."):
        tasks.register(container(secrets=[{"name": "V", "valueFrom": "p"}, {"name": "V", "valueFrom": "q"}]), executionRoleArn=role)
    text = re.compile(
        "^The Systems Manager parameter name specified for secret V is invalid. The parameter name can be up to 2048 characters and "
        "include the following letters and symbols: a-zA-Z0-9_.-"
    )
    for bad in ("p:3", "p q"):
        with refused("ClientException", text):
            tasks.register(container(secrets=[{"name": "V", "valueFrom": bad}]), executionRoleArn=role)
    with refused("ClientException", "Log driver splunk requires options: splunk-token"):
        tasks.register(container(logConfiguration={"logDriver": "splunk", "options": SPLUNK}))
    with refused("ClientException", "Role is not valid"):
        tasks.register(container(), executionRoleArn="arn:aws:iam::nonsense")


def test_a_task_definition_has_a_size(tasks):
    with refused("ClientException", re.compile(r"^Actual length: '\d+'. Max allowed length is '65536' bytes.$")):
        tasks.register(container(environment=[{"name": f"N{n}", "value": "x" * 1000} for n in range(70)]))


def test_a_task_definition_needs_containers_and_an_essential_one(tasks, name):
    for wrong in ([], [container(essential=False)], [container("same"), container("same")]):
        with refused("ClientException"):
            tasks.register(*wrong)


def test_passing_a_role_needs_permission(server, tasks, name):
    role = execution_role(server)
    everything = allow("ecs:*")
    someone = server.caller(everything)
    his = server.client("ecs", someone)
    text = re.compile(
        f"is not authorized to perform: iam:PassRole on resource: {re.escape(role)} because no identity-based policy allows the iam:PassRole action$"
    )
    with refused("AccessDeniedException", text):
        his.register_task_definition(family=name, containerDefinitions=[container()], executionRoleArn=role)
    arn = tasks.register(container(), executionRoleArn=role)
    with refused("AccessDeniedException", text):
        his.run_task(taskDefinition=arn)
    passing = allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
    server.client("ecs", server.caller(everything, passing)).run_task(taskDefinition=arn)
