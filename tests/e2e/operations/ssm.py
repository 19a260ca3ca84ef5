"""Parameter Store: how each operation is prepared."""

from __future__ import annotations

from operations.table import TABLE, Given, everywhere, new_name, operation


def a_parameter(given: Given, action: str) -> str:
    name = new_name()
    given.client("ssm").put_parameter(Name=f"/{name}/p", Value="v", Type="SecureString")
    given.named = given.arn("ssm", f"parameter/{name}/p")
    given.needs = [(action, given.named)]
    return f"/{name}/p"


@operation("ssm:PutParameter")
def put_parameter(given):
    given.parameters = {"Name": a_parameter(given, "ssm:PutParameter"), "Value": "w", "Overwrite": True}


for one in ("GetParameter", "DeleteParameter"):

    def named_parameter(given, one=one):
        given.parameters = {"Name": a_parameter(given, f"ssm:{one}")}

    TABLE[f"ssm:{one}"] = named_parameter

for one in ("GetParameters", "DeleteParameters"):

    def named_parameters(given, one=one):
        given.parameters = {"Names": [a_parameter(given, f"ssm:{one}")]}

    TABLE[f"ssm:{one}"] = named_parameters


for one, extra in (
    ("GetParameterHistory", {}),
    ("LabelParameterVersion", {"Labels": ["l"]}),
    ("UnlabelParameterVersion", {"Labels": ["l"], "ParameterVersion": 1}),
):

    def versioned_parameter(given, one=one, extra=extra):
        given.parameters = {"Name": a_parameter(given, f"ssm:{one}"), **extra}

    TABLE[f"ssm:{one}"] = versioned_parameter

for one, extra in (
    ("AddTagsToResource", {"Tags": [{"Key": "k", "Value": "v"}]}),
    ("RemoveTagsFromResource", {"TagKeys": ["k"]}),
    ("ListTagsForResource", {}),
):

    def tagged_parameter(given, one=one, extra=extra):
        given.parameters = {"ResourceType": "Parameter", "ResourceId": a_parameter(given, f"ssm:{one}"), **extra}

    TABLE[f"ssm:{one}"] = tagged_parameter

for one, extra in (("GetServiceSetting", {}), ("UpdateServiceSetting", {"SettingValue": "false"}), ("ResetServiceSetting", {})):

    def setting(given, one=one, extra=extra):
        setting_id = "/ssm/parameter-store/high-throughput-enabled"
        given.parameters, given.named = {"SettingId": setting_id, **extra}, given.arn("ssm", f"servicesetting{setting_id}")
        given.needs = [(f"ssm:{one}", given.named)]

    TABLE[f"ssm:{one}"] = setting


@operation("ssm:GetParametersByPath")
def get_parameters_by_path(given):
    path = a_parameter(given, "").rsplit("/", 1)[0]
    given.parameters, given.named = {"Path": path}, given.arn("ssm", f"parameter{path}")
    given.needs = [("ssm:GetParametersByPath", given.named)]


everywhere("ssm:DescribeParameters")
