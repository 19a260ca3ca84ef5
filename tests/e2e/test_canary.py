"""One marked value is stored everywhere a value can be, everything is exercised, and then it is looked for in every place
where it must not be: on disk, in logs, in the audit log, in arguments, in error texts, in other containers."""

import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness import StartRefused, docker, docker_containers, trust_of
from tasks import FOREVER, Tasks, container, execution_role, only_container, reading
from wire import json_call

MARK = "Canary7Vq2mXw9LkTzR4bNs8Yd"


def forms(value: str) -> dict[str, bytes]:
    """The value, and what it looks like in base64 (at each of the three alignments) and in hexadecimal."""
    raw = value.encode()
    found = {
        "clear": raw,
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "utf-16": value.encode("utf-16-le"),
    }
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        start = (shift * 8 + 5) // 6
        end = ((shift + len(raw)) * 8) // 6
        found[f"base64/{shift}"] = text[start:end]
        found[f"base64url/{shift}"] = text[start:end].translate(bytes.maketrans(b"+/", b"-_"))
    return found


def test_the_forms_are_found_in_what_they_are_looked_for():
    for shift in range(3):
        assert forms(MARK)[f"base64/{shift}"] in base64.b64encode(b"abcdef"[:shift] + MARK.encode() + b"xyz")


def found_in(data: bytes, value: str = MARK) -> list[str]:
    return [name for name, form in forms(value).items() if form in data]


def search(place: Path) -> list[str]:
    """Every file below a directory that holds the value in any form."""
    hits = []
    for file in place.rglob("*"):
        if file.is_file():
            hits += [f"{file}: {form}" for form in found_in(file.read_bytes())]
    return hits


def command_lines() -> dict[str, bytes]:
    lines = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended in between
            lines[process.name] = (process / "cmdline").read_bytes()
    return lines


class Exercise:
    """Everything that handles values, each way once, successes and failures; collects what was answered in errors."""

    def __init__(self, server):
        self.server = server
        self.errors: list[str] = []
        self.secrets, self.ssm, self.kms = (server.client(service) for service in ("secretsmanager", "ssm", "kms"))
        self.tasks = Tasks(server)

    def fails(self, call) -> None:
        with pytest.raises(ClientError) as caught:
            call()
        self.errors.append(json.dumps(caught.value.response, default=str))

    def store(self) -> None:
        key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.arn = self.secrets.create_secret(Name="string", SecretString=MARK, Description="d")["ARN"]
        self.json = self.secrets.create_secret(Name="json", SecretString=json.dumps({"password": MARK, "list": [MARK]}), KmsKeyId=key)[
            "ARN"
        ]
        self.binary = self.secrets.create_secret(Name="binary", SecretBinary=MARK.encode())["ARN"]
        self.zero = self.secrets.create_secret(Name="zero", SecretString=f"{MARK}\0{MARK}")["ARN"]
        self.secrets.put_secret_value(SecretId="string", SecretString=f"{MARK}-2", VersionStages=["AWSPENDING"])
        self.secrets.replicate_secret_to_regions(SecretId="string", AddReplicaRegions=[{"Region": "eu-north-1"}])
        self.secrets.update_secret(SecretId="json", SecretString=json.dumps({"password": MARK}))
        for kind in ("SecureString", "StringList", "String"):
            self.ssm.put_parameter(Name=f"/p/{kind}", Value=MARK, Type=kind)
        self.ssm.put_parameter(Name="/p/SecureString", Value=f"{MARK}-2", Overwrite=True)
        self.ssm.put_parameter(Name="/p/Advanced", Value=MARK * 200, Type="SecureString", Tier="Advanced", KeyId=key)
        self.key = key

    def read(self) -> None:
        for name in ("string", "json", "binary"):
            self.secrets.get_secret_value(SecretId=name)
        self.secrets.batch_get_secret_value(SecretIdList=["string", "json", "binary", "absent"])
        self.server.client("secretsmanager", region="eu-north-1").get_secret_value(SecretId="string")
        self.secrets.list_secrets(Filters=[{"Key": "all", "Values": ["string"]}])
        self.ssm.get_parameters_by_path(Path="/p", WithDecryption=True)
        self.ssm.get_parameters(Names=["/p/SecureString", "/p/Advanced"], WithDecryption=True)
        self.ssm.describe_parameters()
        blob = self.kms.encrypt(KeyId=self.key, Plaintext=MARK.encode())["CiphertextBlob"]
        assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == MARK.encode()

    def fail(self) -> None:
        someone = self.server.caller()
        denied, denied_ssm, denied_kms = (self.server.client(service, someone) for service in ("secretsmanager", "ssm", "kms"))
        self.fails(lambda: denied.get_secret_value(SecretId="string"))
        self.fails(lambda: denied.create_secret(Name="other", SecretString=MARK))
        self.fails(lambda: denied.put_secret_value(SecretId="string", SecretString=MARK))
        self.fails(lambda: denied_ssm.put_parameter(Name="/p/other", Value=MARK, Type="SecureString"))
        self.fails(lambda: denied_ssm.get_parameters(Names=["/p/SecureString"], WithDecryption=True))
        self.fails(lambda: denied_kms.encrypt(KeyId=self.key, Plaintext=MARK.encode()))
        self.fails(lambda: self.secrets.create_secret(Name="string", SecretString=MARK))
        self.fails(lambda: self.secrets.create_secret(Name="bad name", SecretString=MARK))
        self.fails(lambda: self.secrets.create_secret(Name="long", SecretString=MARK * 3000))
        self.fails(lambda: self.secrets.create_secret(Name="both", SecretString=MARK, SecretBinary=MARK.encode()))
        self.fails(lambda: self.secrets.create_secret(Name="nokey", SecretString=MARK, KmsKeyId="alias/none"))
        self.fails(lambda: self.secrets.create_secret(SecretString=MARK))
        self.fails(lambda: self.ssm.put_parameter(Name="/p/SecureString", Value=MARK, Type="SecureString"))
        self.fails(lambda: self.ssm.put_parameter(Name="/p/pattern", Value=MARK, Type="SecureString", AllowedPattern="[0-9]"))
        self.fails(lambda: self.ssm.put_parameter(Name="/p/type", Value=MARK, Type="Nonsense"))
        self.fails(lambda: self.ssm.put_parameter(Name="/p/long", Value=MARK * 500, Type="SecureString"))
        self.fails(lambda: self.kms.encrypt(KeyId=self.key, Plaintext=MARK.encode() * 500))
        self.fails(lambda: self.kms.encrypt(KeyId="alias/none", Plaintext=MARK.encode()))

        for body in (f'{{"SecretString": "{MARK}", '.encode(), f'{{"Name": 5, "SecretString": "{MARK}"}}'.encode(), f'"{MARK}"'.encode()):
            answer = json_call(self.server, "secretsmanager", "CreateSecret", body)
            assert answer.status == 400
            self.errors.append(answer.body.decode())
        answer = json_call(
            self.server, "secretsmanager", "CreateSecret", {"Name": "x", "SecretString": MARK}, change=lambda h: h | {"Host": "x"}
        )
        self.errors.append(answer.body.decode())

    def inject(self) -> None:
        role = execution_role(self.server, *reading(secrets=["*"], parameters=["*"], keys=["*"]))
        holds = [
            {"name": "A", "valueFrom": self.arn},
            {"name": "B", "valueFrom": f"{self.json}:password::"},
            {"name": "C", "valueFrom": "/p/SecureString"},
        ]
        self.holder = self.tasks.start(
            container("holder", secrets=holds), container("bystander", f"env; {FOREVER}", essential=False), executionRoleArn=role
        )
        self.tasks.start(container("unrelated"))
        denied = execution_role(self.server)
        for secrets, given in (
            ([{"name": "A", "valueFrom": self.arn}], denied),
            ([{"name": "A", "valueFrom": f"{self.json}:missing::"}], role),
            ([{"name": "A", "valueFrom": f"{self.arn}:key::"}], role),
            ([{"name": "A", "valueFrom": self.zero}], role),
            ([{"name": "A", "valueFrom": f"{self.binary}:key::"}], role),
        ):
            stopped = self.tasks.refuse(container("holder", secrets=secrets), executionRoleArn=given)
            self.errors.append(json.dumps(stopped, default=str))
        no_program = {**container("holder", secrets=holds), "command": ["/no/such/program"]}
        self.errors.append(json.dumps(self.tasks.refuse(no_program, executionRoleArn=role), default=str))
        self.errors.append(json.dumps(self.tasks.describe(self.holder), default=str))

    def run_command(self, directory: Path) -> None:
        role = execution_role(self.server, *reading(secrets=["*"]))
        for given, name in ((role, "runs"), (execution_role(self.server), "fails")):
            definition = {
                "family": name,
                "executionRoleArn": given,
                "containerDefinitions": [container("holder", "env >/dev/null", secrets=[{"name": "A", "valueFrom": self.arn}])],
            }
            file = directory / f"{name}.json"
            file.write_text(json.dumps(definition))
            done = self.server.sealift("run", str(file))
            self.errors.append(done.stdout + done.stderr)


def test_a_stored_value_is_found_nowhere_but_in_its_container(new_server, tmp_path):
    server = new_server()
    server.settings |= {"SEALIFT_LOG": "trace", "RUST_LOG": "trace"}
    server.start()
    exercise = Exercise(server)
    exercise.store()
    exercise.read()
    exercise.fail()
    exercise.inject()
    exercise.run_command(tmp_path)

    assert [text for text in exercise.errors if found_in(text.encode())] == []
    assert [pid for pid, line in command_lines().items() if found_in(line)] == []
    environ = Path(f"/proc/{server.process.pid}/environ").read_bytes()
    assert found_in(environ) == []

    # In the target container the value is where ECS puts it, and in no other.
    assert found_in(docker("inspect", only_container(exercise.holder, "holder")).encode())
    for one in docker_containers(f"arn:aws:ecs:*:{server.account}:task/*"):
        if one["name"] != "holder":
            assert found_in(docker("inspect", one["id"]).encode()) == [], one
            assert found_in(subprocess.run(["docker", "logs", one["id"]], capture_output=True).stdout) == [], one

    assert search(server.directory) == []
    server.stop()
    assert search(server.directory) == []
    server.start()
    server.kill()
    assert search(server.directory) == []


def test_the_secret_halves_of_keys_and_sessions_are_found_nowhere(new_server):
    server = new_server()
    server.settings["SEALIFT_LOG"] = "trace"
    server.start()
    iam = server.client("iam")
    key = server.caller()
    user = server.client("sts", key).get_caller_identity()["Arn"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_of(user))["Role"]["Arn"]
    session = server.client("sts", key).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    data_key = server.client("kms").generate_data_key(KeyId=server.client("kms").create_key()["KeyMetadata"]["KeyId"], KeySpec="AES_256")
    server.client("kms", server.cached_root).list_keys()
    for secret in (key.secret_access_key, session["SecretAccessKey"], session["SessionToken"], server.cached_root.secret_access_key):
        held = [file for file in [*server.data_dir.rglob("*"), server.log_file] if file.is_file() and found_in(file.read_bytes(), secret)]
        assert held == []
    plaintext = data_key["Plaintext"]
    assert not [file for file in server.data_dir.rglob("*") if file.is_file() and plaintext in file.read_bytes()]
    root_key = server.root_key_file.read_text().split()[-1]
    assert not [file for file in server.data_dir.rglob("*") if file.is_file() and found_in(file.read_bytes(), root_key)]


def test_a_bad_root_key_is_not_repeated(new_server):
    server = new_server()
    server.root_key_file.parent.mkdir(parents=True)
    server.root_key_file.write_text(MARK)
    server.root_key_file.chmod(0o600)
    with pytest.raises(StartRefused) as caught:
        server.start()
    assert found_in(str(caught.value).encode()) == []
    assert not os.path.exists(server.data_dir / "root.key")
