"""Tags of parameters, what policies make of them, and the settings of Parameter Store."""

import re

import pytest

from errors import refused
from harness import allow, deny

TIER = "/ssm/parameter-store/default-parameter-tier"


@pytest.fixture(scope="module")
def ssm(server):
    return server.client("ssm")


def tags(**pairs: str) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def tagged(ssm, name: str) -> dict:
    found = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_tags_come_go_and_change(ssm, name):
    ssm.put_parameter(Name=f"/{name}", Value="v", Type="String", Tags=tags(a="1", b="2"))
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags(b="3", c="4"))
    assert tagged(ssm, f"/{name}") == {"a": "1", "b": "3", "c": "4"}
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=f"/{name}", TagKeys=["a", "unknown"])
    ssm.put_parameter(Name=name, Value="w", Overwrite=True)
    assert tagged(ssm, name) == {"b": "3", "c": "4"}
    ssm.delete_parameter(Name=name)
    ssm.put_parameter(Name=name, Value="v", Type="String")
    assert tagged(ssm, name) == {}


def test_only_parameters_that_are_there_have_tags(ssm, name):
    for call, rest in (
        (ssm.list_tags_for_resource, {}),
        (ssm.add_tags_to_resource, {"Tags": tags(a="1")}),
        (ssm.remove_tags_from_resource, {"TagKeys": ["a"]}),
    ):
        for absent in (name, f"{name}:1", "no name"):
            with refused("InvalidResourceId"):
                call(ResourceType="Parameter", ResourceId=absent, **rest)
        with refused("InvalidResourceType"):
            call(ResourceType="Document", ResourceId=name, **rest)
        with refused("ValidationException", re.compile("at 'resourceType' failed to satisfy constraint: Member must satisfy enum value set")):
            call(ResourceType="Nonsense", ResourceId=name, **rest)


def test_a_parameter_has_fifty_tags_and_no_more(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=tags(**{f"k{n}": "v" for n in range(50)}))
    with refused("TooManyTagsError"):
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags(more="v"))
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags(k1="w"))
    with refused("ValidationException"):
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "aws:k", "Value": "v"}])


def test_policies_see_the_tags_of_the_parameter_and_of_the_request(ssm, server, name):
    for team in ("red", "blue"):
        ssm.put_parameter(Name=f"/{name}/{team}", Value=team, Type="String", Tags=tags(team=team))
    red = {"StringEquals": {"ssm:resourceTag/team": "red"}}
    reader = server.client("ssm", server.caller(allow("ssm:GetParameter*", Condition=red)))
    assert reader.get_parameter(Name=f"/{name}/red")["Parameter"]["Value"] == "red"
    with refused("AccessDeniedException"):
        reader.get_parameter(Name=f"/{name}/blue")
    with refused("AccessDeniedException"):
        reader.get_parameters(Names=[f"/{name}/red", f"/{name}/blue"])

    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}, "StringEquals": {"aws:RequestTag/env": ["dev", "prod"]}}
    tagger = server.client("ssm", server.caller(allow("ssm:AddTagsToResource", Condition=keys)))
    tagger.add_tags_to_resource(ResourceType="Parameter", ResourceId=f"/{name}/red", Tags=tags(env="dev"))
    for others in (tags(env="test"), tags(env="dev", team="blue")):
        with refused("AccessDeniedException"):
            tagger.add_tags_to_resource(ResourceType="Parameter", ResourceId=f"/{name}/red", Tags=others)


def test_policies_see_what_a_write_does(server, name):
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}"
    may = [
        allow("ssm:PutParameter", arn),
        deny("ssm:PutParameter", arn, Condition={"StringEquals": {"ssm:Overwrite": "true"}}),
        deny("ssm:PutParameter", arn, Condition={"Bool": {"ssm:Policies": "true"}}),
    ]
    writer = server.client("ssm", server.caller(*may))
    with refused("AccessDeniedException"):
        writer.put_parameter(Name=name, Value="v", Type="String", Tier="Advanced", Policies="[{}]")
    with refused("AccessDeniedException", re.compile("ssm:AddTagsToResource")):
        writer.put_parameter(Name=name, Value="v", Type="String", Tags=tags(a="1"))
    writer.put_parameter(Name=name, Value="v", Type="String")
    with refused("AccessDeniedException", re.compile("explicit deny")):
        writer.put_parameter(Name=name, Value="w", Overwrite=True)


def test_a_path_is_authorised_by_itself_and_recursion_can_be_denied(ssm, server, name):
    ssm.put_parameter(Name=f"/{name}/a/b", Value="v", Type="String")
    arn = f"arn:aws:ssm:{server.region}:{server.account}:parameter/{name}"
    action = "ssm:GetParametersByPath"
    everything = server.client("ssm", server.caller(allow(action, [arn, f"{arn}/"]), deny("ssm:*", f"{arn}/a/*")))
    assert everything.get_parameters_by_path(Path=f"/{name}", Recursive=True)["Parameters"]
    with refused("AccessDeniedException", re.compile(f"on resource: {arn}/a because")):
        everything.get_parameters_by_path(Path=f"/{name}/a")
    shallow = deny(action, Condition={"StringEquals": {"ssm:Recursive": "true"}})
    reader = server.client("ssm", server.caller(allow(action, arn), shallow))
    assert reader.get_parameters_by_path(Path=f"/{name}")["Parameters"] == []
    with refused("AccessDeniedException", re.compile("explicit deny")):
        reader.get_parameters_by_path(Path=f"/{name}", Recursive=True)
    with refused("AccessDeniedException", re.compile(f"on resource: {arn}/ because")):
        reader.get_parameters_by_path(Path=f"/{name}/")


def test_a_parameter_of_another_account_is_not_shared(server, name):
    arn = f"arn:aws:ssm:{server.region}:999999999999:parameter/{name}"
    reader = server.client("ssm", server.caller(allow("ssm:*")))
    with refused("AccessDeniedException", re.compile(f"on resource: {arn} because no resource-based policy allows")):
        reader.get_parameter(Name=arn)
    elsewhere = f"arn:aws:ssm:eu-central-1:{server.account}:parameter/{name}"
    with refused("ParameterNotFound"):
        reader.get_parameter(Name=elsewhere)


def test_the_default_tier_is_a_setting_of_the_account(new_server, name):
    ssm = new_server().start().client("ssm")
    setting = ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (setting["SettingId"], setting["SettingValue"], setting["Status"]) == (TIER, "Standard", "Default")
    assert setting["ARN"].endswith(f":servicesetting{TIER}")
    ssm.put_parameter(Name=f"{name}-before", Value="v", Type="String")
    for tier, resolved in (("Advanced", "Advanced"), ("Intelligent-Tiering", "Standard")):
        ssm.update_service_setting(SettingId=TIER, SettingValue=tier)
        setting = ssm.get_service_setting(SettingId=setting["ARN"])["ServiceSetting"]
        assert (setting["SettingValue"], setting["Status"]) == (tier, "Customized")
        assert ssm.put_parameter(Name=f"{name}-{tier}", Value="v", Type="String")["Tier"] == resolved
    assert ssm.put_parameter(Name=f"{name}-before", Value="x" * 5000, Overwrite=True)["Tier"] == "Advanced"
    assert ssm.reset_service_setting(SettingId=TIER)["ServiceSetting"]["Status"] == "Default"
    assert ssm.put_parameter(Name=f"{name}-after", Value="v", Type="String")["Tier"] == "Standard"
    with refused("ValidationException"):
        ssm.update_service_setting(SettingId=TIER, SettingValue="Golden")
    with refused("ServiceSettingNotFound"):
        ssm.get_service_setting(SettingId="/ssm/documents/console/public-sharing-permission")
