"""ECS: how each operation is prepared."""

from __future__ import annotations

from operations.table import TABLE, Given, everywhere, new_name, operation
from tasks import Tasks, container


@operation("ecs:CreateCluster")
def create_cluster(given):
    given.parameters, given.needs = {"clusterName": new_name()}, [("ecs:CreateCluster", "*")]


def a_cluster(given: Given, action: str, member: str) -> None:
    cluster = given.client("ecs").create_cluster(clusterName=new_name())["cluster"]
    given.parameters = {member: [cluster["clusterName"]] if member == "clusters" else cluster["clusterName"]}
    given.needs, given.named = [(action, cluster["clusterArn"])], cluster["clusterArn"]


TABLE["ecs:DescribeClusters"] = lambda given: a_cluster(given, "ecs:DescribeClusters", "clusters")
TABLE["ecs:DeleteCluster"] = lambda given: a_cluster(given, "ecs:DeleteCluster", "cluster")
TABLE["ecs:ListContainerInstances"] = lambda given: a_cluster(given, "ecs:ListContainerInstances", "cluster")
TABLE["ecs:RegisterContainerInstance"] = lambda given: a_cluster(given, "ecs:RegisterContainerInstance", "cluster")


@operation("ecs:RegisterTaskDefinition")
def register_task_definition(given):
    given.parameters = {"family": new_name(), "containerDefinitions": [container()]}
    given.needs = [("ecs:RegisterTaskDefinition", "*")]


@operation("ecs:DeregisterTaskDefinition")
def deregister_task_definition(given):
    given.parameters = {"taskDefinition": Tasks(given.server).register(container())}
    given.needs = [("ecs:DeregisterTaskDefinition", "*")]


@operation("ecs:DescribeTaskDefinition")
def describe_task_definition(given):
    given.parameters = {"taskDefinition": Tasks(given.server).register(container())}
    given.needs = [("ecs:DescribeTaskDefinition", "*")]


@operation("ecs:RunTask")
def run_task(given):
    definition = Tasks(given.server).register(container(script="true"))
    given.parameters, given.named = {"taskDefinition": definition}, definition
    given.needs = [("ecs:RunTask", definition)]


def a_task(given: Given, action: str) -> str:
    task = Tasks(given.server).start(container())
    given.needs, given.named = [(action, task)], task
    return task


@operation("ecs:DescribeTasks")
def describe_tasks(given):
    given.parameters = {"tasks": [a_task(given, "ecs:DescribeTasks")]}


@operation("ecs:StopTask")
def stop_task(given):
    given.parameters = {"task": a_task(given, "ecs:StopTask")}


@operation("ecs:DescribeContainerInstances")
def describe_container_instances(given):
    a_task(given, "")
    instance = given.client("ecs").list_container_instances()["containerInstanceArns"][0]
    given.parameters, given.named = {"containerInstances": [instance]}, instance
    given.needs = [("ecs:DescribeContainerInstances", instance)]


for one in ("ListClusters", "ListTaskDefinitions", "ListTaskDefinitionFamilies", "ListTasks", "DiscoverPollEndpoint"):
    everywhere(f"ecs:{one}")


@operation("ecs:SubmitTaskStateChange")
def submit_task_state_change(given):
    given.parameters = {"cluster": "default", "task": a_task(given, ""), "status": "STOPPED"}
    given.needs, given.named = [("ecs:SubmitTaskStateChange", "*")], None


@operation("ecs:SubmitContainerStateChange")
def submit_container_state_change(given):
    given.parameters = {"cluster": "default", "task": a_task(given, ""), "containerName": "app", "status": "STOPPED"}
    given.needs, given.named = [("ecs:SubmitContainerStateChange", "*")], None


@operation("ecs:CreateService")
def create_service(given):
    name, definition = new_name(), Tasks(given.server).register(container())
    given.parameters = {"serviceName": name, "taskDefinition": definition, "desiredCount": 0}
    given.named = given.arn("ecs", f"service/default/{name}")
    given.needs = [("ecs:CreateService", given.named)]


def a_service(given: Given, action: str, member: str = "service", **parameters) -> None:
    definition, name = Tasks(given.server).register(container()), new_name()
    service = given.client("ecs").create_service(serviceName=name, taskDefinition=definition, desiredCount=0)["service"]
    given.parameters = {member: [name] if member == "services" else name, **parameters}
    given.needs, given.named = [(action, service["serviceArn"])], service["serviceArn"]
    if member == "resourceArn":
        given.parameters[member] = service["serviceArn"]


TABLE["ecs:UpdateService"] = lambda given: a_service(given, "ecs:UpdateService", desiredCount=0)
TABLE["ecs:DeleteService"] = lambda given: a_service(given, "ecs:DeleteService")
TABLE["ecs:DescribeServices"] = lambda given: a_service(given, "ecs:DescribeServices", "services")
TABLE["ecs:TagResource"] = lambda given: a_service(given, "ecs:TagResource", "resourceArn", tags=[{"key": "a", "value": "b"}])
TABLE["ecs:UntagResource"] = lambda given: a_service(given, "ecs:UntagResource", "resourceArn", tagKeys=["a"])
TABLE["ecs:ListTagsForResource"] = lambda given: a_service(given, "ecs:ListTagsForResource", "resourceArn")
everywhere("ecs:ListServices")
TABLE["ecs:ListServiceDeployments"] = lambda given: a_service(given, "ecs:ListServiceDeployments")


def of_a_service(given: Given, action: str, found: str) -> str:
    """The ARN of what ListServiceDeployments calls so, of a new service."""
    a_service(given, "")
    service = given.parameters["service"]
    (only,) = given.client("ecs").list_service_deployments(service=service)["serviceDeployments"]
    given.needs, given.named = [(action, only[found])], only[found]
    return only[found]


@operation("ecs:DescribeServiceDeployments")
def describe_service_deployments(given):
    arn = of_a_service(given, "ecs:DescribeServiceDeployments", "serviceDeploymentArn")
    given.parameters = {"serviceDeploymentArns": [arn]}


@operation("ecs:DescribeServiceRevisions")
def describe_service_revisions(given):
    arn = of_a_service(given, "ecs:DescribeServiceRevisions", "targetServiceRevisionArn")
    given.parameters = {"serviceRevisionArns": [arn]}


@operation("ecs:StopServiceDeployment")
def stop_service_deployment(given):
    # Without a place for its task, the service is never done.
    definition, name = Tasks(given.server).register(container(memory=900_000)), new_name()
    given.client("ecs").create_service(serviceName=name, taskDefinition=definition, desiredCount=1)
    (only,) = given.client("ecs").list_service_deployments(service=name)["serviceDeployments"]
    arn = only["serviceDeploymentArn"]
    given.parameters, given.named = {"serviceDeploymentArn": arn, "stopType": "ABORT"}, arn
    given.needs = [("ecs:StopServiceDeployment", arn)]


@operation("ecs:DescribeCapacityProviders")
def describe_capacity_providers(given):
    given.parameters, given.named = {"capacityProviders": ["FARGATE"]}, given.arn("ecs", "capacity-provider/FARGATE")
    given.needs = [("ecs:DescribeCapacityProviders", given.named)]


@operation("ecs:PutClusterCapacityProviders")
def put_cluster_capacity_providers(given):
    a_cluster(given, "ecs:PutClusterCapacityProviders", "cluster")
    given.parameters |= {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}


def a_setting(given: Given, action: str, **value) -> None:
    given.parameters = {"name": "awsvpcTrunking", **value}
    given.needs = [(action, "*")]


TABLE["ecs:PutAccountSetting"] = lambda given: a_setting(given, "ecs:PutAccountSetting", value="enabled")
TABLE["ecs:PutAccountSettingDefault"] = lambda given: a_setting(given, "ecs:PutAccountSettingDefault", value="enabled")
TABLE["ecs:DeleteAccountSetting"] = lambda given: a_setting(given, "ecs:DeleteAccountSetting")
everywhere("ecs:ListAccountSettings")


# Only the instance on which a task was placed may report about it, whatever a policy allows.
BOUND_TO_THE_INSTANCE = {"ecs:SubmitTaskStateChange", "ecs:SubmitContainerStateChange"}
