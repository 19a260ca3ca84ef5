"""A certificate authority of the tests' own, and servers' certificates of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def make_ca(directory: Path) -> Path:
    """`ca.crt` and `ca.key` in a directory; the certificate."""
    _openssl(directory, "req", "-x509", *KEY, "-subj", "/CN=test CA", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt")
    return directory / "ca.crt"


def make_certificate(directory: Path, *names: str, file: str = "server") -> Path:
    """`server.crt` and `server.key` for these names (`IP:127.0.0.1`, `DNS:localhost`), signed by the CA there; the former."""
    common = names[0].split(":", 1)[1]
    _openssl(directory, "req", *KEY, "-subj", f"/CN={common}", "-keyout", f"{file}.key", "-out", f"{file}.csr")
    (directory / f"{file}.names").write_text(f"subjectAltName={','.join(names)}\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{file}.names"]
    _openssl(directory, "x509", "-req", "-in", f"{file}.csr", *signed, "-out", f"{file}.crt")
    return directory / f"{file}.crt"


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)
