"""The root key: rotated while the server serves, wrapped by a KMS key elsewhere, and what a backup is worth without it."""

import json
import os
import shutil
import stat
import subprocess
import threading
import time

import pytest
from botocore.exceptions import ClientError

from harness import BINARY, Credentials, Server, StartRefused, allow, trust_of, wait_for

VALUE = "the-one-value-to-look-for"


def rotate(server: Server, *arguments: str) -> dict:
    done = server.sealift("operator", "rotate-root-key", "-o", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused_rotation(server: Server, *arguments: str, **options) -> str:
    done = server.sealift("operator", "rotate-root-key", *arguments, **options)
    assert done.returncode == 1, done.stdout
    return done.stderr


class Kept:
    """One of everything that is sealed in some way, and how to see that it is still there."""

    def __init__(self, server: Server):
        self.server = server
        kms, ssm = server.client("kms"), server.client("ssm")
        self.key = kms.create_key()["KeyMetadata"]["KeyId"]
        self.blob = kms.encrypt(KeyId=self.key, Plaintext=VALUE.encode())["CiphertextBlob"]
        server.client("secretsmanager").create_secret(Name="s", SecretString=VALUE, KmsKeyId=self.key)
        for name, kind in (("plain", "String"), ("secure", "SecureString")):
            ssm.put_parameter(Name=name, Value=VALUE, Type=kind)
        self.user = server.caller(allow("kms:Decrypt"), allow("sts:AssumeRole"))
        self.user_arn = server.client("sts", self.user).get_caller_identity()["Arn"]

    def session(self) -> Credentials:
        name = f"role{time.monotonic_ns()}"
        role = self.server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust_of(self.user_arn))["Role"]
        assumed = self.server.client("sts", self.user).assume_role(RoleArn=role["Arn"], RoleSessionName="before")
        return Credentials.of(assumed["Credentials"])

    def check(self) -> None:
        server = self.server
        assert server.client("kms").decrypt(CiphertextBlob=self.blob)["Plaintext"] == VALUE.encode()
        assert server.client("kms", self.user).decrypt(CiphertextBlob=self.blob)["Plaintext"] == VALUE.encode()
        assert server.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == VALUE
        got = server.client("ssm").get_parameters(Names=["plain", "secure"], WithDecryption=True)["Parameters"]
        assert [one["Value"] for one in got] == [VALUE, VALUE]


@pytest.fixture
def server(new_server):
    return new_server(arguments=("--no-agent",)).start()


def is_alive(server: Server, credentials: Credentials) -> bool:
    try:
        server.client("sts", credentials).get_caller_identity()
        return True
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidClientTokenId"
        return False


def test_everything_opens_after_a_rotation_and_the_old_root_key_opens_nothing(server):
    kept = Kept(server)
    session = kept.session()
    old = server.root_key_file.read_bytes()

    told = rotate(server)

    assert told["Resealed"] >= 4
    assert (told["Unreadable"], told["RestartNeeded"]) == (0, False)
    new = server.root_key_file.read_bytes()
    assert new != old
    assert stat.S_IMODE(server.root_key_file.stat().st_mode) == 0o600
    former = server.root_key_file.with_name(os.path.basename(told["FormerRootKeyFile"]))
    assert former.read_bytes() == old
    assert stat.S_IMODE(former.stat().st_mode) == 0o600
    kept.check()
    assert is_alive(server, session), "sessions outlive a rotation"

    server.kill()
    server.start()
    kept.check()
    assert is_alive(server, session), "and the next start"

    server.stop()
    server.root_key_file.write_bytes(old)
    with pytest.raises(StartRefused, match="the root key does not belong to this database"):
        server.start()
    server.root_key_file.write_bytes(new)
    server.start()
    kept.check()


def test_sessions_can_be_ended_with_the_rotation(server):
    kept = Kept(server)
    session = kept.session()
    rotate(server, "--end-sessions")
    assert not is_alive(server, session)
    assert is_alive(server, kept.session())
    kept.check()


def test_a_rotation_needs_no_running_server(server):
    kept = Kept(server)
    server.stop()
    assert rotate(server)["Resealed"] >= 4
    server.start()
    kept.check()


def test_readers_and_writers_go_on_while_the_root_key_rotates(server):
    kept = Kept(server)
    ssm = server.client("ssm")
    for number in range(150):
        ssm.put_parameter(Name=f"/many/{number}", Value=str(number), Type="String")
    failures, counts, stop = [], [0, 0], threading.Event()

    def go_on(place: int, act) -> None:
        while not stop.is_set():
            try:
                act()
                counts[place] += 1
            except Exception as error:  # whatever it is, it must not happen
                failures.append(error)

    written = iter(range(10**6))
    names = []

    def write() -> None:
        name = f"/written/{next(written)}"
        ssm.put_parameter(Name=name, Value=name, Type="String")
        names.append(name)

    threads = [threading.Thread(target=go_on, args=one) for one in ((0, kept.check), (1, write))]
    for thread in threads:
        thread.start()
    for _ in range(2):
        before = list(counts)
        rotate(server)
        wait_for("reads and writes after it", lambda before=before: all(now > then for now, then in zip(counts, before, strict=True)))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    server.kill()
    server.start()
    kept.check()
    for name in names:
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == name


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_kill_9_in_the_middle_leaves_a_server_that_starts_with_what_is_there(server, delay):
    kept = Kept(server)
    ssm = server.client("ssm")
    for number in range(60):
        ssm.put_parameter(Name=f"/many/{number}", Value=str(number), Type="String")
    old = server.root_key_file.read_bytes()
    command = subprocess.Popen(
        [BINARY, "operator", "rotate-root-key"], env=server.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # From the first sign of the rotation on; without one, the delay counts from the command.
    until = time.monotonic() + 0.5
    while time.monotonic() < until and "rotate" not in (server.data_dir / "audit.log").read_text()[-400:]:
        if server.root_key_file.read_bytes() != old:
            break
        time.sleep(0.005)
    time.sleep(delay)
    server.kill()
    command.wait(20)

    server.start()
    kept.check()
    for number in range(60):
        assert ssm.get_parameter(Name=f"/many/{number}")["Parameter"]["Value"] == str(number)
    # And it can be done again, whatever was half done.
    rotate(server)
    server.kill()
    server.start()
    kept.check()


# The root key in the environment


def root_key_line(server: Server) -> str:
    return server.root_key_file.read_text().strip()


def test_a_root_key_from_the_environment_is_replaced_by_its_owner(server, tmp_path):
    kept = Kept(server)
    server.stop()
    line = root_key_line(server)
    server.root_key_file.unlink()
    server.settings["SEALIFT_ROOT_KEY"] = line
    server.start()
    kept.check()
    assert "--new-key-file" in refused_rotation(server)

    file = tmp_path / "new.key"
    told = rotate(server, "--new-key-file", str(file))
    assert told["RestartNeeded"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept.check()
    assert "has not come to its end" in refused_rotation(server, "--new-key-file", str(tmp_path / "another"))

    # The old one starts the server until the new one has, and not after that.
    server.stop()
    server.start()
    kept.check()
    assert "give it the new one" in server.log()
    server.stop()
    server.settings["SEALIFT_ROOT_KEY"] = file.read_text().strip()
    server.start()
    kept.check()
    server.stop()
    server.settings["SEALIFT_ROOT_KEY"] = line
    with pytest.raises(StartRefused, match="the root key does not belong to this database"):
        server.start()


# The root key under a KMS key elsewhere


@pytest.fixture
def aws(new_server):
    """A second server, in the place of AWS, with a KMS key for the root key of the first."""
    server = new_server(arguments=("--no-agent",)).start()
    server.kms_key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    bound = {"StringEquals": {"kms:EncryptionContext:sealift": "root key"}}
    server.wrapper = server.caller(allow(["kms:Encrypt", "kms:Decrypt"], server.kms_key, Condition=bound))
    return server


def under_kms(server: Server, aws: Server) -> Server:
    server.settings |= {
        "SEALIFT_ROOT_KEY_KMS_KEY": aws.kms_key,
        "SEALIFT_ROOT_KEY_KMS_ENDPOINT": aws.endpoint,
        **aws.wrapper.environment(),
    }
    return server


def test_a_kms_key_elsewhere_encrypts_the_root_key(new_server, aws):
    server = under_kms(new_server(arguments=("--no-agent",)), aws).start()
    kept = Kept(server)
    line = root_key_line(server)
    assert line.startswith("sealift-root-key-kms-1:")
    server.kill()
    server.start()
    kept.check()

    assert rotate(server)["Resealed"] >= 4
    assert root_key_line(server).startswith("sealift-root-key-kms-1:")
    assert root_key_line(server) != line
    server.kill()
    server.start()
    kept.check()

    # Without the KMS key there is no way in, and the reason is told.
    server.stop()
    aws.client("kms").disable_key(KeyId=aws.kms_key)
    with pytest.raises(StartRefused, match="DisabledException"):
        server.start()
    aws.client("kms").enable_key(KeyId=aws.kms_key)
    aws.stop()
    with pytest.raises(StartRefused, match="cannot reach KMS"):
        server.start()
    del server.settings["SEALIFT_ROOT_KEY_KMS_KEY"]
    with pytest.raises(StartRefused, match="--root-key-kms-key"):
        server.start()
    aws.start()
    under_kms(server, aws).start()
    kept.check()


def test_a_root_key_in_clear_is_encrypted_by_the_next_rotation(server, aws):
    kept = Kept(server)
    server.stop()
    under_kms(server, aws).start()
    kept.check()
    assert "the root key lies in clear" in server.log()
    rotate(server)
    assert root_key_line(server).startswith("sealift-root-key-kms-1:")
    server.stop()
    server.start()
    kept.check()


def test_a_rotation_that_kms_refuses_changes_nothing(new_server, aws):
    server = under_kms(new_server(arguments=("--no-agent",)), aws).start()
    kept = Kept(server)
    line = root_key_line(server)
    aws.client("kms").disable_key(KeyId=aws.kms_key)
    assert "DisabledException" in refused_rotation(server)
    assert root_key_line(server) == line
    kept.check()
    aws.client("kms").enable_key(KeyId=aws.kms_key)
    rotate(server)
    kept.check()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"SEALIFT_ROOT_KEY_KMS_KEY": "alias/x"}, "is not the ARN of a KMS key"),
        ({"SEALIFT_ROOT_KEY_KMS_ENDPOINT": "http://kms.example"}, "in clear"),
        ({"SEALIFT_ROOT_KEY": "sealift-root-key-1:x"}, "choose one of them"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(new_server, settings, text):
    server = new_server(arguments=("--no-agent",))
    server.settings["SEALIFT_ROOT_KEY_KMS_KEY"] = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    server.settings |= settings
    with pytest.raises(StartRefused, match=text):
        server.start()


# PostgreSQL


def test_several_servers_on_one_database_want_all_but_one_stopped(new_server, postgres_url):
    one = new_server(arguments=("--no-agent",), database_url=postgres_url).start()
    kept = Kept(one)
    two = new_server(arguments=("--no-agent",), database_url=postgres_url, account=one.account)
    shutil.copytree(one.root_key_file.parent, two.root_key_file.parent)
    two.start()
    assert "another server is connected" in refused_rotation(one)
    kept.check()

    two.stop()
    wait_for("the rotation", lambda: one.sealift("operator", "rotate-root-key").returncode == 0, 20)
    kept.check()
    with pytest.raises(StartRefused, match="the root key does not belong to this database"):
        two.start()
    shutil.copy(one.root_key_file, two.root_key_file)
    two.start()
    assert two.client("secretsmanager", one.cached_root).get_secret_value(SecretId="s")["SecretString"] == VALUE

    done = one.sealift("operator", "backup", str(one.directory / "b"))
    assert done.returncode == 1
    assert "pg_dump" in done.stderr


# Backups


def backup(server: Server, name: str = "backup.db"):
    file = server.directory / name
    done = server.sealift("operator", "backup", str(file), "-o", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["File"], told["Bytes"]) == (str(file), file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file


def restored(new_server, original: Server, file) -> Server:
    server = new_server(arguments=("--no-agent",), account=original.account)
    server.data_dir.mkdir(mode=0o700)
    shutil.copy(file, server.data_dir / "sealift.db")
    return server


def test_a_backup_with_its_root_key_is_the_whole_server(server, new_server):
    kept = Kept(server)
    file = backup(server)
    server.client("secretsmanager").create_secret(Name="later", SecretString="v")
    copy = restored(new_server, server, file)
    shutil.copytree(server.root_key_file.parent, copy.root_key_file.parent)
    kept.server = copy.start()
    kept.check()
    with pytest.raises(ClientError, match="can't find the specified secret"):
        copy.client("secretsmanager").get_secret_value(SecretId="later")


def test_a_backup_without_its_root_key_is_worthless(server, new_server):
    kept = Kept(server)
    file = backup(server)
    plain = [VALUE, kept.user.secret_access_key, server.cached_root.secret_access_key, root_key_line(server).split(":")[1]]
    held = file.read_bytes()
    for value in plain:
        for form in (value.encode(), value.encode("utf-16-le"), value.encode().hex().encode()):
            assert form not in held
    assert kept.user.access_key_id.encode() in held, "this is the right file"

    copy = restored(new_server, server, file)
    with pytest.raises(StartRefused, match="the database exists already and cannot be read without it"):
        copy.start()
    other = new_server(arguments=("--no-agent",)).start()
    shutil.copytree(other.root_key_file.parent, copy.root_key_file.parent)
    with pytest.raises(StartRefused, match="the root key does not belong to this database"):
        copy.start()


def test_a_backup_is_made_while_writers_write_and_never_over_a_file(server):
    stop, ssm = threading.Event(), server.client("ssm")

    def write() -> None:
        while not stop.is_set():
            ssm.put_parameter(Name="p", Value="v", Type="String", Overwrite=True)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        files = [backup(server, f"backup-{number}") for number in range(3)]
    finally:
        stop.set()
        thread.join()
    taken = files[0].read_bytes()
    done = server.sealift("operator", "backup", str(files[0]))
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    assert files[0].read_bytes() == taken
    records = [one for one in server.audit() if one["event"] == "operator:Backup"]
    assert len(records) == 4
