"""`sealift param` as a person or a CI job uses it, and chamber's own calls."""

import json
import stat

import pytest

from errors import refused
from harness import allow

VALUES = {
    "db/password": "p'w\"d$ #1",
    "db/user": "u",
    "pem": "-----BEGIN\n\ttwo lines\\n\r\n",
    "plain": "7",
    "unicode": "ä\u2028\U0001f511",
}


@pytest.fixture
def ssm(server):
    return server.client("ssm")


@pytest.fixture
def filled(ssm, name):
    """A path with parameters below it."""
    for key, value in VALUES.items():
        ssm.put_parameter(Name=f"/{name}/{key}", Value=value, Type="SecureString")
    return f"/{name}"


def stored(ssm, path: str) -> dict[str, str]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True, WithDecryption=True)
    return {one["Name"][len(path) + 1 :]: one["Value"] for page in pages for one in page["Parameters"]}


def actions(done) -> dict[str, str]:
    return {one["name"]: one["action"] for one in json.loads(done.stdout)["parameters"]}


def test_the_tree_shows_names_and_no_values(server, ssm, filled):
    done = server.sealift("param", "tree", filled)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        filled,
        "├── db",
        "│   ├── password  SecureString  v1",
        "│   └── user  SecureString  v1",
    ]
    assert "p'w" not in done.stdout
    asked = server.sealift("param", "tree", filled, "--values", "-o", "json")
    assert {one["name"][len(filled) + 1 :]: one["value"] for one in json.loads(asked.stdout)} == VALUES
    everything = server.sealift("param", "tree")
    assert f"├── {filled[1:]}\n" in everything.stdout or f"└── {filled[1:]}\n" in everything.stdout


@pytest.mark.parametrize("form", ["dotenv", "json", "yaml"])
def test_an_export_and_its_import_give_the_same_parameters(server, ssm, filled, tmp_path, form):
    file = tmp_path / "values"
    done = server.sealift("param", "export", filled, "--format", form, "--to", str(file))
    assert done.returncode == 0, done.stderr
    assert "p'w" not in done.stdout + done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = server.sealift("param", "import", str(file), "--format", form, "--prefix", f"{filled}-copy")
    assert done.returncode == 0, done.stderr
    assert stored(ssm, f"{filled}-copy") == VALUES
    again = server.sealift("param", "import", str(file), "--format", form, "--prefix", f"{filled}-copy", "-o", "json")
    assert set(actions(again).values()) == {"unchanged"}


def test_values_are_printed_only_when_asked_and_files_are_not_replaced_by_chance(server, filled, tmp_path):
    done = server.sealift("param", "export", filled, "--format", "json")
    assert (done.returncode, done.stdout, "--values" in done.stderr) == (2, "", True)
    done = server.sealift("param", "export", filled, "--format", "json", "--values")
    assert json.loads(done.stdout)["db"]["user"] == "u"
    file = tmp_path / "there.json"
    file.write_text("precious")
    file.chmod(0o644)
    assert server.sealift("param", "export", filled, "--to", str(file)).returncode == 1
    assert file.read_text() == "precious"
    assert server.sealift("param", "export", filled, "--to", str(file), "--force").returncode == 0
    assert (json.loads(file.read_text())["plain"], stat.S_IMODE(file.stat().st_mode)) == ("7", 0o600)


def test_what_dotenv_cannot_hold_is_listed_and_nothing_is_written(server, ssm, name, tmp_path):
    for key in ("good", "with-hyphen", "a.b"):
        ssm.put_parameter(Name=f"/{name}/{key}", Value="v", Type="String")
    file = tmp_path / ".env"
    done = server.sealift("param", "export", f"/{name}", "--to", str(file))
    assert (done.returncode, file.exists()) == (1, False)
    assert "with-hyphen: " in done.stderr and "a.b: " in done.stderr and "good: " not in done.stderr


def test_an_import_says_of_each_what_became_of_it(server, ssm, name, tmp_path):
    ssm.put_parameter(Name=f"/{name}/same", Value="1", Type="String")
    ssm.put_parameter(Name=f"/{name}/other", Value="old", Type="String")
    file = tmp_path / "values.yaml"
    file.write_text("same: 1\nother: new\nfresh: 007\nlong: " + "x" * 5000 + "\ndeep:\n  er: yes\n")
    run = ("param", "import", str(file), "--prefix", f"/{name}", "-o", "json")

    planned = actions(server.sealift(*run, "--dry-run"))
    expected = {"same": "unchanged", "other": "conflict", "fresh": "would-create", "long": "would-create", "deep/er": "would-create"}
    assert planned == {f"/{name}/{key}": action for key, action in expected.items()}
    assert stored(ssm, f"/{name}") == {"same": "1", "other": "old"}

    done = server.sealift(*run)
    expected |= {"fresh": "created", "long": "failed", "deep/er": "created"}
    assert (done.returncode, actions(done)) == (1, {f"/{name}/{key}": action for key, action in expected.items()})
    assert "Standard tier parameters support" in done.stdout and "xxx" not in done.stdout
    assert stored(ssm, f"/{name}") == {"same": "1", "other": "old", "fresh": "007", "deep/er": "yes"}

    done = server.sealift(*run, "--overwrite", "--tier", "Intelligent-Tiering")
    expected |= {"fresh": "unchanged", "deep/er": "unchanged", "other": "overwritten", "long": "created"}
    assert (done.returncode, actions(done)) == (0, {f"/{name}/{key}": action for key, action in expected.items()})
    kinds = {one["Name"]: one["Type"] for one in ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"]}
    assert (kinds[f"/{name}/other"], kinds[f"/{name}/fresh"]) == ("String", "SecureString")


def test_a_file_with_a_mistake_changes_nothing(server, ssm, name, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("good: v\nbad name: hunter2\nlist: [1]\n")
    done = server.sealift("param", "import", str(file), "--prefix", f"/{name}")
    assert done.returncode == 1
    assert "bad name: " in done.stderr and "list: " in done.stderr and "hunter2" not in done.stderr
    assert stored(ssm, f"/{name}") == {}


def test_import_takes_types_keys_and_standard_input(server, ssm, name):
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    run = ("param", "import", "-", "--format", "json", "--prefix", f"/{name}")
    assert server.sealift(*run, "--type", "StringList", input='{"l": "a,b"}').returncode == 0
    assert server.sealift(*run, "--key-id", key, input='{"s": "v"}').returncode == 0
    shown = ssm.describe_parameters(ParameterFilters=[{"Key": "Path", "Values": [f"/{name}"]}])["Parameters"]
    assert [(one["Type"], one.get("KeyId")) for one in shown] == [("StringList", None), ("SecureString", key)]


def test_commands_act_as_whoever_the_environment_names(server, ssm, name, tmp_path):
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}"
    writer = server.caller(allow("ssm:PutParameter", f"{arn}/ok"), allow("kms:*"))
    environment = {"AWS_ENDPOINT_URL": server.endpoint, **writer.environment()}
    file = tmp_path / "values.json"
    file.write_text('{"denied": "1", "ok": "2"}')
    done = server.sealift("param", "import", str(file), "--prefix", f"/{name}", "-o", "json", environment=environment)
    assert (done.returncode, actions(done)) == (1, {f"/{name}/denied": "failed", f"/{name}/ok": "created"})
    assert "is not authorized to perform: ssm:PutParameter" in done.stdout
    assert stored(ssm, f"/{name}") == {"ok": "2"}
    denied = server.sealift("param", "tree", f"/{name}", environment=environment)
    assert (denied.returncode, "is not authorized to perform: ssm:DescribeParameters" in denied.stderr) == (1, True)


def test_a_store_without_a_server_is_opened_for_the_command(new_server):
    server = new_server()
    done = server.sealift("param", "import", "-", "--format", "dotenv", "--prefix", "/app", input="KEY=value\n")
    assert done.returncode == 0, done.stderr
    assert "KEY  SecureString  v1" in server.sealift("param", "tree", "/app").stdout


# chamber, with the calls that it makes (github.com/segmentio/chamber, store/ssmstore.go)


@pytest.fixture
def chamber_key(server):
    kms = server.client("kms")
    if not any(one["AliasName"] == "alias/parameter_store_key" for one in kms.list_aliases()["Aliases"]):
        kms.create_alias(AliasName="alias/parameter_store_key", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    return "alias/parameter_store_key"


def chamber_write(ssm, key_id: str, name: str, value: str) -> None:
    """Reads the version that is there, then writes the next, with its number as the description."""
    version, found = 1, ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    if found:
        filters = [{"Key": "Path", "Option": "OneLevel", "Values": [name.rsplit("/", 1)[0]]}]
        pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters)
        (meta,) = [one for page in pages for one in page["Parameters"] if one["Name"] == name]
        version = int(meta["Description"]) + 1
    ssm.put_parameter(KeyId=key_id, Name=name, Type="SecureString", Value=value, Overwrite=True, Description=str(version))


def test_chamber_s_calls_write_list_read_and_delete(ssm, chamber_key, name):
    for value in ("one", "two"):
        chamber_write(ssm, chamber_key, f"/{name}/key", value)
    chamber_write(ssm, chamber_key, f"/{name}/other", "w")
    ssm.put_parameter(Name=f"/{name}/__chamber.service.metadata", Type="String", Value="{}", Overwrite=True)

    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{name}/", WithDecryption=True, PaginationConfig={"PageSize": 1})
    raw = {one["Name"]: one["Value"] for page in pages for one in page["Parameters"]}
    assert raw == {f"/{name}/key": "two", f"/{name}/other": "w", f"/{name}/__chamber.service.metadata": "{}"}

    services = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{name}"]}])["Parameters"]
    key = next(one for one in services if one["Name"] == f"/{name}/key")
    assert (key["KeyId"], key["Description"], key["Version"]) == (chamber_key, "2", 2)
    assert key["LastModifiedUser"] and key["LastModifiedDate"]

    history = ssm.get_paginator("get_parameter_history").paginate(Name=f"/{name}/key", WithDecryption=True)
    versions = {one["Description"]: one["Value"] for page in history for one in page["Parameters"]}
    assert versions == {"1": "one", "2": "two"}

    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=f"/{name}/key", Tags=[{"Key": "team", "Value": "red"}])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=f"/{name}/key")["TagList"] == [{"Key": "team", "Value": "red"}]
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=f"/{name}/key", TagKeys=["team"])

    ssm.delete_parameter(Name=f"/{name}/key")
    assert ssm.get_parameters(Names=[f"/{name}/key"], WithDecryption=True)["Parameters"] == []


def test_chamber_without_paths_describes_by_the_beginning_of_names(ssm, chamber_key, name):
    ssm.put_parameter(KeyId=chamber_key, Name=f"{name}.key", Type="SecureString", Value="v", Overwrite=True, Description="1")
    found = ssm.describe_parameters(Filters=[{"Key": "Name", "Values": [f"{name}."]}])["Parameters"]
    assert [one["Name"] for one in found] == [f"{name}.key"]


def test_chamber_learns_which_action_it_lacks(server, name):
    reader = server.client("ssm", server.caller(allow("ssm:GetParameter")))
    with refused("AccessDeniedException") as caught:
        reader.get_parameters_by_path(Path=f"/{name}/", WithDecryption=True)
    assert "is not authorized to perform: ssm:GetParametersByPath on resource" in caught.value.response["Error"]["Message"]


def test_chamber_s_files_go_both_ways(server, ssm, chamber_key, name, tmp_path):
    file = tmp_path / "service.json"
    file.write_text('{"DB_PASSWORD": "v$1", "api_key": "two\\nlines"}')
    run = ("param", "import", str(file), "--format", "chamber", "--prefix", f"/{name}", "--key-id", chamber_key)
    assert server.sealift(*run).returncode == 0
    assert stored(ssm, f"/{name}") == {"db_password": "v$1", "api_key": "two\nlines"}
    shown = ssm.describe_parameters(ParameterFilters=[{"Key": "Path", "Values": [f"/{name}"]}])["Parameters"]
    assert {(one["KeyId"], one["Description"]) for one in shown} == {(chamber_key, "1")}
    ssm.put_parameter(Name=f"/{name}/__chamber.service.metadata", Type="String", Value="{}")
    ssm.put_parameter(Name=f"/{name}/below/it", Value="v", Type="String")

    exported = server.sealift("param", "export", f"/{name}", "--format", "chamber", "--values").stdout
    assert json.loads(exported) == {"db_password": "v$1", "api_key": "two\nlines"}
    exported = server.sealift("param", "export", f"/{name}", "--format", "chamber-dotenv", "--values").stdout
    assert exported == 'API_KEY="two\\nlines"\nDB_PASSWORD="v\\$1"\n'
    run = ("param", "import", "-", "--format", "chamber-dotenv", "--prefix", f"/{name}", "-o", "json")
    assert set(actions(server.sealift(*run, input=exported)).values()) == {"unchanged"}
