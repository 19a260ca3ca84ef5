"""How each operation is prepared for the authorisation tests, one file per service.

Whoever adds an operation adds it to the file of its service."""

from operations import ecr, ecs, iam, kms, logs, s3, secretsmanager, ssm, sts  # noqa: F401  (each fills in the table)
from operations.ecs import BOUND_TO_THE_INSTANCE
from operations.table import TABLE, Given, new_name

__all__ = ["BOUND_TO_THE_INSTANCE", "TABLE", "Given", "new_name"]
