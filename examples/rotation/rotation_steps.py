"""What every rotation function does in the same way: checks the version, makes it pending, makes it current.

A rotation function subclasses `Rotation`, says what the next value is (`new_value`), makes the service accept it (`apply`), and
tries it (`check`). Every step may be repeated, after a failure as after a crash.
"""

from __future__ import annotations

import json

import boto3


class Rotation:
    def __init__(self, event: dict):
        self.arn, self.token, self.step = event["SecretId"], event["ClientRequestToken"], event["Step"]
        self.secrets = boto3.client("secretsmanager")

    def run(self) -> None:
        stages = self.secrets.describe_secret(SecretId=self.arn).get("VersionIdsToStages", {}).get(self.token)
        if stages is None:
            raise ValueError(f"version {self.token} has no stage for rotation of {self.arn}")
        if "AWSCURRENT" in stages:
            return
        if "AWSPENDING" not in stages:
            raise ValueError(f"version {self.token} is not pending for rotation of {self.arn}")
        steps = {
            "createSecret": self.create_secret,
            "setSecret": self.set_secret,
            "testSecret": self.test_secret,
            "finishSecret": self.finish_secret,
        }
        steps[self.step]()

    def value(self, stage: str, token: str | None = None) -> dict:
        version = {"VersionId": token} if token else {}
        answer = self.secrets.get_secret_value(SecretId=self.arn, VersionStage=stage, **version)
        return json.loads(answer["SecretString"])

    def value_or_none(self, stage: str, token: str | None = None) -> dict | None:
        try:
            return self.value(stage, token)
        except self.secrets.exceptions.ResourceNotFoundException:
            return None

    def random_password(self) -> str:
        answer = self.secrets.get_random_password(PasswordLength=32, ExcludeCharacters=":/@\"'\\")
        return answer["RandomPassword"]

    def create_secret(self) -> None:
        if self.value_or_none("AWSPENDING", self.token) is None:
            value = json.dumps(self.new_value(self.value("AWSCURRENT")))
            self.secrets.put_secret_value(
                SecretId=self.arn, ClientRequestToken=self.token, SecretString=value, VersionStages=["AWSPENDING"]
            )

    def set_secret(self) -> None:
        self.apply(self.value("AWSPENDING", self.token))

    def test_secret(self) -> None:
        self.check(self.value("AWSPENDING", self.token))

    def finish_secret(self) -> None:
        versions = self.secrets.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        current = next((version for version, stages in versions.items() if "AWSCURRENT" in stages), None)
        removed = {"RemoveFromVersionId": current} if current else {}
        self.secrets.update_secret_version_stage(
            SecretId=self.arn, VersionStage="AWSCURRENT", MoveToVersionId=self.token, **removed
        )

    def new_value(self, current: dict) -> dict:
        raise NotImplementedError

    def apply(self, pending: dict) -> None:
        raise NotImplementedError

    def check(self, pending: dict) -> None:
        raise NotImplementedError
