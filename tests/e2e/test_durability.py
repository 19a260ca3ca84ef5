"""Life beyond the process: `kill -9`, restarts, and what a server refuses to start on."""

import os
import shutil
import stat
import subprocess
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from errors import refused
from harness import Server, docker, docker_containers, wait_for
from tasks import FOREVER, Tasks, container, environment, execution_role, only_container, reading


class Writers:
    """Threads that write as fast as they are answered, and remember every answered write."""

    def __init__(self, server: Server, count: int = 8):
        self.server = server
        self.secrets: dict[str, str] = {}
        self.parameters: dict[str, tuple[str, int]] = {}
        clients = server.client("secretsmanager"), server.client("ssm")
        self.threads = [threading.Thread(target=self.write, args=(number, *clients)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def write(self, number: int, secrets, ssm) -> None:
        round_ = 0
        try:
            while True:
                round_ += 1
                value = f"value {number} {round_}"
                name = f"w{number}-{round_}"
                secrets.create_secret(Name=name, SecretString=value)
                self.secrets[name] = value
                version = ssm.put_parameter(Name=f"p{number}", Value=value, Type="SecureString", Overwrite=True)["Version"]
                self.parameters[f"p{number}"] = (value, version)
        except (BotoCoreError, ClientError):
            pass  # the server is gone

    def wait(self) -> None:
        wait_for("some writes", lambda: len(self.secrets) > 50)

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def check(self) -> None:
        secrets, ssm = self.server.client("secretsmanager"), self.server.client("ssm")
        for name, value in self.secrets.items():
            assert secrets.get_secret_value(SecretId=name)["SecretString"] == value
        for name, (value, version) in self.parameters.items():
            assert ssm.get_parameter(Name=f"{name}:{version}", WithDecryption=True)["Parameter"]["Value"] == value


def test_every_answered_write_survives_kill_9(new_server):
    server = new_server().start()
    for _ in range(3):
        before = Writers(server)
        before.wait()
        server.kill()
        before.join()
        server.start()
        before.check()
        for name in before.secrets:
            server.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        for name in before.parameters:
            server.client("ssm").delete_parameter(Name=name)


def test_everything_else_survives_too(new_server):
    server = new_server().start()
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    blob = server.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    role = execution_role(server)
    definition = Tasks(server).register(container(), executionRoleArn=role)
    caller = server.caller()
    server.kill()
    server.start()
    assert server.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert server.client("iam").get_role(RoleName=role.split("/")[-1])
    assert server.client("ecs").describe_task_definition(taskDefinition=definition)
    assert server.client("sts", caller).get_caller_identity()["Arn"]
    assert server.root() == server.cached_root


def test_tasks_outlive_the_server_and_their_exit_is_still_seen(new_server):
    server = new_server().start()
    arn = server.client("secretsmanager").create_secret(Name="s", SecretString="v")["ARN"]
    role = execution_role(server, *reading(secrets=[arn]))
    tasks = Tasks(server)
    secret = [{"name": "V", "valueFrom": arn}]
    until_told = "until [ -e /tmp/end ]; do sleep 0.1; done; exit 3"
    long = tasks.start(container(secrets=secret), executionRoleArn=role)
    later = tasks.start(container(script=until_told), executionRoleArn=role)
    meanwhile = tasks.start(container(script=until_told), executionRoleArn=role)
    containers = {task: only_container(task) for task in (long, later, meanwhile)}

    server.kill()
    docker("exec", containers[meanwhile], "touch", "/tmp/end")
    wait_for("the exit while nobody looks", lambda: docker_containers(meanwhile)[0]["state"] == "exited")
    assert docker_containers(long)[0]["state"] == "running"
    server.start()

    for task in (long, later):
        assert tasks.describe(task)["lastStatus"] == "RUNNING"
        assert only_container(task) == containers[task]
    assert environment(long)["V"] == "v"
    stopped = tasks.wait(meanwhile, "STOPPED", 30)
    assert (stopped["containers"][0]["exitCode"], stopped["stopCode"]) == (3, "EssentialContainerExited")
    assert stopped["stoppedReason"] == "Essential container in task exited"

    docker("exec", containers[later], "touch", "/tmp/end")
    assert tasks.wait(later, "STOPPED", 30)["containers"][0]["exitCode"] == 3
    assert tasks.describe(long)["lastStatus"] == "RUNNING"
    tasks.ecs.stop_task(task=long)
    assert tasks.wait(long, "STOPPED")["stopCode"] == "UserInitiated"
    assert tasks.wait(tasks.start(container(secrets=secret), executionRoleArn=role), "RUNNING")


def test_a_task_whose_container_vanished_meanwhile_ends_and_is_not_started_anew(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    task = tasks.start(container())
    server.kill()
    docker("rm", "--force", only_container(task))
    server.start()
    stopped = tasks.wait(task, "STOPPED", 30)
    assert stopped["containers"][0]["reason"] == "ContainerVanishedError: No container matching saved ID found"
    assert docker_containers(task) == []


def test_a_task_of_the_last_moment_is_started_once_or_stopped_but_never_lost(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    definition = tasks.register(container())
    arns = [tasks.run(definition) for _ in range(3)]
    server.kill()
    server.start()
    for arn in arns:
        tasks.wait(arn, "RUNNING", 60)
        assert len(docker_containers(arn)) == 1
        tasks.ecs.stop_task(task=arn)


def test_a_stop_that_was_answered_happens_after_a_restart(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    task = tasks.start(container())
    tasks.ecs.stop_task(task=task, reason="before the end")
    server.kill()
    server.start()
    assert tasks.wait(task, "STOPPED", 30)["stoppedReason"] == "before the end"


def test_a_clean_stop_leaves_tasks_running(new_server):
    server = new_server().start()
    tasks = Tasks(server)
    task = tasks.start(container())
    server.stop()
    assert docker_containers(task)[0]["state"] == "running"
    server.start()
    assert tasks.describe(task)["lastStatus"] == "RUNNING"


# What a server refuses to start on


def refusal(server: Server) -> str:
    """What `sealift up` says as it ends instead of serving."""
    server.log_file.unlink(missing_ok=True)
    server.launch()
    assert server.process.wait(30) not in (0, -9)
    return server.log()


@pytest.fixture
def stopped(new_server):
    """A server that ran and holds a secret."""
    server = new_server().start()
    server.client("secretsmanager").create_secret(Name="s", SecretString="v")
    server.stop()
    return server


def test_the_root_key_is_made_once_for_its_owner_alone(stopped):
    file = stopped.root_key_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.with_name("credentials").stat().st_mode) == 0o600
    before = file.read_bytes()
    stopped.start()
    assert file.read_bytes() == before


def test_a_wrong_root_key_is_refused(stopped, new_server):
    other = new_server().start()
    other.stop()
    right = stopped.root_key_file.read_bytes()
    stopped.root_key_file.write_bytes(other.root_key_file.read_bytes())
    text = refusal(stopped)
    assert "root key" in text
    assert right.decode(errors="replace").strip() not in text
    stopped.root_key_file.write_bytes(right)
    stopped.start()
    assert stopped.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "v"


def test_a_missing_root_key_is_refused_and_none_is_made(stopped):
    stopped.root_key_file.unlink()
    text = refusal(stopped)
    assert "root key" in text
    assert str(stopped.root_key_file) in text
    assert not stopped.root_key_file.exists()


def test_a_root_key_that_others_can_read_is_refused(stopped):
    stopped.root_key_file.chmod(0o644)
    assert "chmod 600" in refusal(stopped)


def test_a_root_key_inside_the_data_directory_is_refused(stopped):
    stopped.settings["SEALIFT_ROOT_KEY_FILE"] = str(stopped.data_dir / "root.key")
    assert "data directory" in refusal(stopped)


def test_a_second_process_on_the_data_directory_is_refused(stopped, new_server):
    stopped.start()
    second = new_server()
    second.settings["SEALIFT_DATA_DIR"] = str(stopped.data_dir)
    second.settings["XDG_CONFIG_HOME"] = str(stopped.directory / "config")
    text = refusal(second)
    assert str(stopped.data_dir) in text
    assert stopped.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "v"


@pytest.fixture
def mounted(tmp_path):
    """Mounts something at a fresh directory, and unmounts it in the end."""
    places = []

    def mount(*arguments: str):
        place = tmp_path / f"mounted-{len(places)}"
        place.mkdir()
        subprocess.run(["mount", *arguments, place], check=True)
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_data_directory_is_refused(stopped, mounted):
    place = mounted("--bind", str(stopped.data_dir))
    subprocess.run(["mount", "--options", "remount,bind,ro", place], check=True)
    stopped.settings["SEALIFT_DATA_DIR"] = str(place)
    text = refusal(stopped)
    assert str(place) in text
    assert "panicked" not in text


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_refuses_writes_and_loses_nothing(new_server, mounted):
    place = mounted("--types", "tmpfs", "--options", "size=6m", "none")
    server = new_server()
    server.settings["SEALIFT_DATA_DIR"] = str(place)
    server.settings["SEALIFT_LOG"] = "error"
    server.start()
    secrets = server.client("secretsmanager")
    held = []
    with pytest.raises(ClientError) as caught:
        for number in range(1000):
            secrets.create_secret(Name=f"s{number}", SecretString="x" * 60_000)
            held.append(f"s{number}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert caught.value.response["Error"]["Code"].startswith("Internal")
    assert len(held) > 5
    server.kill()
    subprocess.run(["mount", "--options", "remount,size=64m", place], check=True)
    server.start()
    for name in held:
        assert len(secrets.get_secret_value(SecretId=name)["SecretString"]) == 60_000
    assert secrets.create_secret(Name="after", SecretString="v")


def test_a_database_of_nonsense_is_refused(stopped):
    for file in stopped.data_dir.iterdir():
        if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3":
            database = file
    for beside in stopped.data_dir.glob(f"{database.name}-*"):
        beside.unlink()
    database.write_bytes(b"this is no database" * 1000)
    text = refusal(stopped)
    assert str(database) in text or "database" in text
    assert "panicked" not in text


def test_a_copy_of_the_data_directory_with_the_key_is_a_working_server(stopped, new_server):
    copy = new_server(account=stopped.account)
    shutil.copytree(stopped.data_dir, copy.data_dir)
    shutil.copytree(stopped.directory / "config", copy.directory / "config")
    copy.start()
    assert copy.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "v"


def test_without_an_engine_the_store_still_serves(new_server):
    server = new_server()
    server.settings["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    server.start()
    assert server.client("secretsmanager").create_secret(Name="s", SecretString="v")


def test_without_an_agent_tasks_have_nowhere_to_run(new_server):
    server = new_server(arguments=("--no-agent",)).start()
    tasks = Tasks(server)
    definition = tasks.register(container(script=FOREVER))
    with refused("InvalidParameterException", "No Container Instances were found in your cluster."):
        tasks.ecs.run_task(taskDefinition=definition)
