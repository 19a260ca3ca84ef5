"""What a refused request looks like to boto3."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, text: str | re.Pattern | None = None, status: int = 400):
    """The request inside is answered with this error code, HTTP status and message."""
    with pytest.raises(ClientError) as caught:
        yield caught
    answer = caught.value.response
    message = answer["Error"].get("Message") or ""
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), message
    if isinstance(text, re.Pattern):
        assert text.search(message), message
    elif text is not None:
        assert message == text


def constraint(*violations: str) -> str:
    """AWS's text for members that break a constraint of the service model."""
    many = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {many} detected: " + "; ".join(violations)
