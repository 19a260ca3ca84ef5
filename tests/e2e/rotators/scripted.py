"""A rotation function whose steps the test steers: by files in a directory it can say which step fails, hangs or tells."""

import os
import sys
import time
from pathlib import Path

from rotation_steps import Rotation

CONTROL = Path(os.environ["CONTROL"])


class Scripted(Rotation):
    def value(self, stage, token=None):
        """A secret that is rotated for the first time may have no value yet."""
        try:
            return super().value(stage, token)
        except self.secrets.exceptions.ResourceNotFoundException:
            if stage != "AWSCURRENT":
                raise
            return {}

    def new_value(self, current):
        return current | {"password": self.random_password()}

    def apply(self, pending):
        pass

    def check(self, pending):
        pass


def asked(what: str, step: str) -> bool:
    file = CONTROL / what
    return file.exists() and step in file.read_text()


def lambda_handler(event, context):
    step = event["Step"]
    with (CONTROL / "steps").open("a") as steps:
        steps.write(f"{step} {event['ClientRequestToken']} {os.getpid()}\n")
    (CONTROL / "environment").write_text("\n".join(f"{name}={value}" for name, value in sorted(STARTED_WITH.items())))
    (CONTROL / "ids").write_text(f"{os.getuid()} {os.getgid()} {os.getgroups()}")
    if asked("tell", step):
        print("the password is", Rotation(event).value("AWSCURRENT")["password"], file=sys.stderr)
    if asked("lie", step):
        return
    if asked("hang-before", step):
        time.sleep(600)
    if asked("fail", step):
        raise RuntimeError("the test says so")
    Scripted(event).run()
    if asked("hang-after", step):
        time.sleep(600)


# As the server started the program: what the runner has added since is taken out again.
STARTED_WITH = {name: value for name, value in os.environ.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SECRETS_MANAGER_ENDPOINT")}
