"""More than one account in a server: their root users and keys, and that nothing of one is visible to the other."""

import json
import os
import random
import stat
import subprocess
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from errors import refused
from harness import AWS_CLI, Credentials, Server, allow, docker, docker_containers, policy, trust, trust_of
from tasks import FOREVER, Tasks, container, only_container


@dataclass
class Account:
    """An account of a server, as its root user sees it."""

    server: Server
    account: str
    root: Credentials

    def client(self, service: str, credentials: Credentials | None = None, region: str | None = None):
        return self.server.client(service, credentials or self.root, region)

    def arn(self, service: str, resource: str) -> str:
        region = "" if service == "iam" else self.server.region
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"


def an_account_id() -> str:
    return f"{random.randrange(10**11, 10**12)}"


def exports(server: Server, account: str) -> Credentials:
    done = server.sealift("env", "--account", account)
    assert done.returncode == 0, done.stderr
    lines = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
    return Credentials(lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"].strip("'"))


def create(server: Server, account: str | None = None) -> Account:
    account = account or an_account_id()
    done = server.sealift("account", "create", account)
    assert done.returncode == 0, done.stderr
    return Account(server, account, exports(server, account))


@pytest.fixture(scope="module")
def ours(server) -> Account:
    return Account(server, server.account, server.cached_root)


@pytest.fixture(scope="module")
def theirs(server):
    """Another account of the shared server, made while it runs."""
    made = create(server)
    yield made
    for one in docker_containers(f"arn:aws:ecs:*:{made.account}:task/*"):
        docker("rm", "--force", "--volumes", one["id"])
    for kind in ("network", "volume"):
        if names := docker(kind, "ls", "--quiet", "--filter", f"name=sealift-{made.account}").split():
            docker(kind, "rm", *names)


def identity(server: Server, credentials: Credentials) -> dict:
    answer = server.client("sts", credentials).get_caller_identity()
    return {name: answer[name] for name in ("UserId", "Account", "Arn")}


# Making them


def test_another_account_has_a_root_user_of_its_own(server, theirs):
    root = f"arn:aws:iam::{theirs.account}:root"
    assert identity(server, theirs.root) == {"UserId": theirs.account, "Account": theirs.account, "Arn": root}
    assert identity(server, server.root())["Account"] == server.account


def test_an_account_is_made_once_and_listed(server, theirs):
    again = server.sealift("account", "create", theirs.account)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert "rotate-keys" in again.stderr
    listed = json.loads(server.sealift("account", "list", "-o", "json").stdout)["Accounts"]
    keys = {one["AccountId"]: one["RootAccessKeyIds"] for one in listed}
    assert keys[theirs.account] == [theirs.root.access_key_id]
    assert keys[server.account] == [server.cached_root.access_key_id]
    assert theirs.account in server.sealift("account", "list").stdout
    assert server.sealift("account", "create", "12345").returncode == 2


def test_a_key_is_in_its_file_or_printed_and_never_both(server):
    file = server.root_key_file.with_name("credentials")
    kept, printed = an_account_id(), an_account_id()
    done = server.sealift("account", "create", kept, "-o", "json")
    answer = json.loads(done.stdout)
    assert "SecretAccessKey" not in answer
    assert (answer["CredentialsFile"], answer["Profile"]) == (str(file), kept)
    assert exports(server, kept).secret_access_key not in done.stdout + done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    answer = json.loads(server.sealift("account", "create", printed, "--print", "-o", "json").stdout)
    assert identity(server, Credentials.of(answer))["Account"] == printed
    assert answer["SecretAccessKey"] not in file.read_text()
    assert printed not in file.read_text()
    done = server.sealift("env", "--account", printed)
    assert done.returncode == 1
    assert f"sealift account rotate-keys {printed}" in done.stderr
    # What serves the aws command line as it is.
    environment = {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": kept, "AWS_CONFIG_FILE": os.devnull}
    command = ["sts", "get-caller-identity", "--endpoint-url", server.endpoint, "--region", "us-east-1", "--query", "Account"]
    aws = str(AWS_CLI)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run([aws, *command, "--output", "text"], env=plain | environment, capture_output=True, text=True)
    assert done.stdout.strip() == kept, done.stderr


def test_the_operator_is_whoever_owns_the_data_directory(server):
    socket = server.data_dir / "operator.sock"
    assert stat.S_ISSOCK(socket.stat().st_mode)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    account = create(server).account
    made = [line for line in server.audit() if line["event"] == "operator:CreateAccount" and line["outcome"] == "ok"]
    assert made[-1]["caller"] == "operator"
    assert made[-1]["decisions"][0]["resource"] == f"arn:aws:iam::{account}:root"


def test_accounts_are_made_before_the_first_start_too(new_server):
    server = new_server()
    account = an_account_id()
    done = server.sealift("account", "create", account)
    assert done.returncode == 0, done.stderr
    server.start()
    assert identity(server, exports(server, account))["Account"] == account
    assert identity(server, server.root())["Account"] == server.account


# Keys that were lost, and keys that get old


def test_a_lost_root_key_is_replaced_and_the_old_one_ends(new_server):
    server = new_server().start()
    lost = server.root()
    file = server.root_key_file.with_name("credentials")
    kept = file.read_text()
    file.unlink()
    done = server.sealift("account", "rotate-keys")
    assert done.returncode == 0, done.stderr
    assert lost.access_key_id in done.stdout
    found = server.root()
    assert identity(server, found)["Arn"] == f"arn:aws:iam::{server.account}:root"
    with refused("InvalidClientTokenId", status=403):
        server.client("sts", lost).get_caller_identity()
    # A server that finds the old file again does not bring the old key back.
    server.stop()
    file.write_text(kept)
    server.start()
    with refused("InvalidClientTokenId", status=403):
        server.client("sts", lost).get_caller_identity()
    assert identity(server, found)["Account"] == server.account
    assert "was ended" in server.log()


def test_keys_rotate_with_an_overlap_or_at_once(server):
    account = create(server)
    first = account.root
    assert server.sealift("account", "rotate-keys", account.account, "--keep-old").returncode == 0
    second = exports(server, account.account)
    for key in (first, second):
        assert identity(server, key)["Account"] == account.account
    assert server.sealift("account", "rotate-keys", account.account, "--keep-old").returncode == 0
    third = exports(server, account.account)
    with refused("InvalidClientTokenId", status=403):
        server.client("sts", first).get_caller_identity()
    for key in (second, third):
        assert identity(server, key)["Account"] == account.account
    assert server.sealift("account", "rotate-keys", account.account).returncode == 0
    for key in (second, third):
        with refused("InvalidClientTokenId", status=403):
            server.client("sts", key).get_caller_identity()


def test_the_keys_of_a_user_rotate_by_name(server, name):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    old = Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])
    done = server.sealift("account", "rotate-keys", server.account, "--user", name, "-o", "json")
    answer = json.loads(done.stdout)
    assert (answer["UserName"], answer["Ended"]) == (name, [old.access_key_id])
    assert identity(server, Credentials.of(answer))["Arn"] == f"arn:aws:iam::{server.account}:user/{name}"
    with refused("InvalidClientTokenId", status=403):
        server.client("sts", old).get_caller_identity()
    assert "has no user `nobody`" in server.sealift("account", "rotate-keys", server.account, "--user", "nobody").stderr
    assert "there is no account 999999999999" in server.sealift("account", "rotate-keys", "999999999999").stderr


# What one sees of the other


def outcome(call, **parameters) -> tuple[str, str]:
    """Code and message of a call that fails."""
    with pytest.raises(ClientError) as failed:
        call(**parameters)
    error = failed.value.response["Error"]
    return error["Code"], error.get("Message", "")


def same_but_for(one: str, there: str, missing: str, call, member: str, **rest) -> str:
    """That the other account's thing and one that is nowhere get the same answer but for what was asked; its code."""
    found = outcome(call, **{member: there}, **rest)
    absent = outcome(call, **{member: missing}, **rest)
    assert (found[0], found[1].replace(there, "…")) == (absent[0], absent[1].replace(missing, "…")), one
    return found[0]


def test_lists_hold_the_own_account_alone(ours, theirs, name):
    ours.client("secretsmanager").create_secret(Name=name, SecretString="v")
    ours.client("ssm").put_parameter(Name=f"/{name}", Value="v", Type="SecureString")
    key = ours.client("kms").create_key()["KeyMetadata"]["KeyId"]
    ours.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    ours.client("iam").create_user(UserName=name)
    ours.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    ours.client("iam").create_policy(PolicyName=name, PolicyDocument=policy(allow("*")))
    ours.client("ecs").create_cluster(clusterName=name)
    Tasks(ours).register(container(), family=name)
    lists = [
        ("secretsmanager", "list_secrets", {"IncludePlannedDeletion": True}),
        ("ssm", "describe_parameters", {}),
        ("ssm", "get_parameters_by_path", {"Path": "/", "Recursive": True}),
        ("kms", "list_keys", {"Limit": 1000}),
        ("kms", "list_aliases", {}),
        ("iam", "list_users", {}),
        ("iam", "list_roles", {}),
        ("iam", "list_policies", {"Scope": "Local"}),
        ("ecs", "list_clusters", {}),
        ("ecs", "list_task_definitions", {}),
        ("ecs", "list_task_definition_families", {}),
        ("ecs", "list_tasks", {}),
    ]
    for service, operation, parameters in lists:
        answer = json.dumps(getattr(theirs.client(service), operation)(**parameters), default=str)
        assert name not in answer and key not in answer and ours.account not in answer, (operation, answer)


def test_names_mean_what_the_own_account_has(ours, theirs, name):
    for account, value in ((ours, "ours"), (theirs, "theirs")):
        account.client("secretsmanager").create_secret(Name=name, SecretString=value)
        account.client("ssm").put_parameter(Name=f"/{name}", Value=value, Type="SecureString")
        account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(), Description=value)
    for account, value in ((ours, "ours"), (theirs, "theirs")):
        assert account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == value
        assert account.client("ssm").get_parameter(Name=f"/{name}", WithDecryption=True)["Parameter"]["Value"] == value
        assert account.client("iam").get_role(RoleName=name)["Role"]["Description"] == value
    theirs.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    theirs.client("ssm").delete_parameter(Name=f"/{name}")
    assert ours.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "ours"
    assert ours.client("ssm").get_parameter(Name=f"/{name}")["Parameter"]["Version"] == 1


def test_a_secret_of_another_account_looks_like_none(ours, theirs, name):
    arn = ours.client("secretsmanager").create_secret(Name=name, SecretString="v")["ARN"]
    nowhere = ours.arn("secretsmanager", f"secret:nowhere{name}-AbCdEf")
    client = theirs.client("secretsmanager")
    for operation, rest in (
        ("get_secret_value", {}),
        ("describe_secret", {}),
        ("put_secret_value", {"SecretString": "x"}),
        ("update_secret", {"Description": "x"}),
        ("delete_secret", {}),
        ("restore_secret", {}),
        ("list_secret_version_ids", {}),
        ("get_resource_policy", {}),
        ("put_resource_policy", {"ResourcePolicy": policy(allow("secretsmanager:*", Principal={"AWS": theirs.account}))}),
        ("delete_resource_policy", {}),
        ("tag_resource", {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("untag_resource", {"TagKeys": ["k"]}),
    ):
        code = same_but_for(operation, arn, nowhere, getattr(client, operation), "SecretId", **rest)
        assert code == "AccessDeniedException", operation
    # Without its suffix it is not found in the own account, and still not told of another.
    partial = arn.rsplit("-", 1)[0]
    same_but_for("partial", partial, partial + "x", client.get_secret_value, "SecretId")
    code, message = outcome(client.get_secret_value, SecretId=arn)
    assert message == (
        f"User: arn:aws:iam::{theirs.account}:root is not authorized to perform: secretsmanager:GetSecretValue on resource: {arn} "
        "because no resource-based policy allows the secretsmanager:GetSecretValue action"
    )


def test_a_parameter_of_another_account_looks_like_none(ours, theirs, name):
    ours.client("ssm").put_parameter(Name=f"/{name}", Value="v", Type="SecureString")
    there, nowhere = ours.arn("ssm", f"parameter/{name}"), ours.arn("ssm", f"parameter/nowhere{name}")
    client = theirs.client("ssm")
    same_but_for("get", there, nowhere, client.get_parameter, "Name", WithDecryption=True)
    for named in (there, nowhere):
        assert outcome(client.get_parameters, Names=[named], WithDecryption=True)[0] == "AccessDeniedException"


def test_a_key_of_another_account_is_out_of_reach(ours, theirs, name):
    kms = ours.client("kms")
    key = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"v")["CiphertextBlob"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    client = theirs.client("kms")
    for operation, rest in (("describe_key", {}), ("encrypt", {"Plaintext": b"x"}), ("generate_data_key", {"KeySpec": "AES_256"})):
        nowhere = ours.arn("kms", "key/00000000-0000-4000-8000-000000000000")
        code = same_but_for(operation, key["Arn"], nowhere, getattr(client, operation), "KeyId", **rest)
        assert code == "AccessDeniedException", operation
        alias = ours.arn("kms", f"alias/{name}")
        code = same_but_for(operation, alias, f"{alias}-nowhere", getattr(client, operation), "KeyId", **rest)
        assert code == "AccessDeniedException", operation
    code, message = outcome(client.decrypt, CiphertextBlob=blob)
    assert code == "AccessDeniedException"
    assert message == (
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."
    )
    for operation in ("get_key_policy", "list_grants", "schedule_key_deletion"):
        code, _ = outcome(getattr(client, operation), KeyId=key["Arn"])
        assert code in ("AccessDeniedException", "NotFoundException"), operation
    assert outcome(client.describe_key, KeyId=key["KeyId"])[0] == "NotFoundException"


def test_roles_and_policies_of_another_account_are_out_of_reach(ours, theirs, name):
    role = ours.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(ours.account))["Role"]["Arn"]
    managed = ours.client("iam").create_policy(PolicyName=name, PolicyDocument=policy(allow("*")))["Policy"]["Arn"]
    their_user = user(theirs, name, allow("sts:AssumeRole"))
    sts = theirs.client("sts", their_user)
    nowhere = ours.arn("iam", f"role/nowhere{name}")
    code = same_but_for("assume", role, nowhere, sts.assume_role, "RoleArn", RoleSessionName="session")
    assert code == "AccessDenied"
    iam = theirs.client("iam")
    code, _ = outcome(iam.attach_user_policy, UserName=name, PolicyArn=managed)
    assert code == "NoSuchEntity"
    code, _ = outcome(iam.get_policy, PolicyArn=managed)
    assert code in ("NoSuchEntity", "AccessDenied")
    code, _ = outcome(iam.delete_policy, PolicyArn=managed)
    assert code in ("NoSuchEntity", "AccessDenied")
    # Nobody hands a role of another account to a task.
    for member in ("executionRoleArn", "taskRoleArn"):
        with pytest.raises(ClientError) as failed:
            tasks = Tasks(theirs)
            tasks.run(tasks.register(container(), **{member: role}))
        assert failed.value.response["Error"]["Code"] in ("AccessDeniedException", "ClientException", "InvalidParameterException")


def test_clusters_and_tasks_of_another_account_are_out_of_reach(ours, theirs, name):
    cluster = ours.client("ecs").create_cluster(clusterName=name)["cluster"]["clusterArn"]
    definition = Tasks(ours).register(container(), family=name)
    client = theirs.client("ecs")
    calls = [
        (client.list_tasks, {"cluster": cluster}),
        (client.describe_tasks, {"cluster": cluster, "tasks": ["0" * 32]}),
        (client.list_container_instances, {"cluster": cluster}),
        (client.delete_cluster, {"cluster": cluster}),
        (client.run_task, {"cluster": cluster, "taskDefinition": definition}),
        (client.run_task, {"taskDefinition": definition}),
        (client.describe_task_definition, {"taskDefinition": definition}),
        (client.deregister_task_definition, {"taskDefinition": definition}),
    ]
    for call, parameters in calls:
        code, _ = outcome(call, **parameters)
        assert code in ("ClientException", "InvalidParameterException", "ClusterNotFoundException", "AccessDeniedException"), parameters
    try:
        assert client.describe_clusters(clusters=[cluster])["clusters"] == []
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidParameterException"
    assert ours.client("ecs").describe_clusters(clusters=[name])["clusters"][0]["status"] == "ACTIVE"


# Where a resource says so


def user(account: Account, name: str, *statements: dict) -> Credentials:
    iam = account.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy(*statements))
    return Credentials.of(iam.create_access_key(UserName=name)["AccessKey"])


def test_a_trust_policy_lets_another_account_in(ours, theirs, name):
    role = ours.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(theirs.account))["Role"]["Arn"]
    ours.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("secretsmanager:GetSecretValue")))
    ours.client("secretsmanager").create_secret(Name=name, SecretString="ours")
    idle = user(theirs, f"{name}-idle", allow("s3:*"))
    code, _ = outcome(theirs.client("sts", idle).assume_role, RoleArn=role, RoleSessionName="session")
    assert code == "AccessDenied"
    allowed = user(theirs, name, allow("sts:AssumeRole", role))
    session = theirs.client("sts", allowed).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    inside = ours.client("secretsmanager", Credentials.of(session))
    assert inside.get_secret_value(SecretId=name)["SecretString"] == "ours"


def test_a_key_policy_lets_another_account_in(ours, theirs, name):
    delegated = allow("kms:*", Principal={"AWS": ours.account}), allow(["kms:Encrypt", "kms:Decrypt"], Principal={"AWS": theirs.account})
    key = ours.client("kms").create_key(Policy=policy(*delegated))["KeyMetadata"]["Arn"]
    allowed = user(theirs, name, allow(["kms:Encrypt", "kms:Decrypt"], key))
    client = theirs.client("kms", allowed)
    blob = client.encrypt(KeyId=key, Plaintext=b"shared")["CiphertextBlob"]
    assert ours.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"shared"
    idle = user(theirs, f"{name}-idle", allow("s3:*"))
    assert outcome(theirs.client("kms", idle).encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_resource_policy_lets_another_account_in(ours, theirs, name):
    delegated = allow("kms:*", Principal={"AWS": ours.account}), allow("kms:Decrypt", Principal={"AWS": theirs.account})
    key = ours.client("kms").create_key(Policy=policy(*delegated))["KeyMetadata"]["Arn"]
    secrets = ours.client("secretsmanager")
    arn = secrets.create_secret(Name=name, SecretString="shared", KmsKeyId=key)["ARN"]
    reader = user(theirs, name, allow("secretsmanager:GetSecretValue", arn), allow("kms:Decrypt", key))
    client = theirs.client("secretsmanager", reader)
    assert outcome(client.get_secret_value, SecretId=arn)[0] == "AccessDeniedException"
    opened = allow("secretsmanager:GetSecretValue", Principal={"AWS": theirs.account})
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy(opened))
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "shared"
    assert outcome(client.get_secret_value, SecretId=arn.rsplit("-", 1)[0])[0] == "AccessDeniedException"
    idle = user(theirs, f"{name}-idle", allow("s3:*"))
    assert outcome(theirs.client("secretsmanager", idle).get_secret_value, SecretId=arn)[0] == "AccessDeniedException"
    secrets.delete_resource_policy(SecretId=arn)
    assert outcome(client.get_secret_value, SecretId=arn)[0] == "AccessDeniedException"


# Their tasks


def address(task: str) -> str:
    networks = json.loads(docker("inspect", only_container(task), "--format", "{{json .NetworkSettings.Networks}}"))
    (network,) = networks.values()
    return network["IPAddress"]


def reaches(task: str, where: str) -> bool:
    done = subprocess.run(
        ["docker", "exec", only_container(task), "nc", "-w", "2", where, "7000"],
        input="", capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return "here" in done.stdout


def test_tasks_of_two_accounts_share_neither_network_nor_volumes(ours, theirs, name):
    volume = {"name": name, "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}}
    mount = {"mountPoints": [{"sourceVolume": name, "containerPath": "/shared"}], "volumes": [volume]}
    volumes = mount.pop("volumes")
    serving = "trap 'exit 0' TERM; echo $WHO > /shared/who; while true; do echo here | nc -l -p 7000; done & wait"

    def start(tasks: Tasks, script: str, who: str) -> str:
        environment = [{"name": "WHO", "value": who}]
        return tasks.run(tasks.register(container(script=script, environment=environment, **mount), volumes=volumes))

    our_tasks, their_tasks = Tasks(ours), Tasks(theirs)
    try:
        served = start(our_tasks, serving, "ours")
        neighbour = start(our_tasks, FOREVER, "ours")
        stranger = start(their_tasks, FOREVER, "theirs")
        for tasks, task in ((our_tasks, served), (our_tasks, neighbour), (their_tasks, stranger)):
            tasks.wait(task, "RUNNING")
        shared = lambda task: docker("exec", only_container(task), "ls", "/shared").split()  # noqa: E731
        assert shared(neighbour) == ["who"]
        assert shared(stranger) == []
        assert reaches(neighbour, address(served))
        assert not reaches(stranger, address(served))
    finally:
        our_tasks.stop()
        their_tasks.stop()
