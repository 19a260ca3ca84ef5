"""A real registry (Debian's docker-registry) with users of its own, over HTTP on loopback or over TLS with its own CA."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import os
import shutil
import ssl
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from certificates import make_ca, make_certificate
from harness import IMAGE, docker, free_port, wait_for

CONFIGURATION = """
version: 0.1
log: {{level: info, fields: {{service: registry}}}}
storage: {{filesystem: {{rootdirectory: {directory}/storage}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"{tls}}}
auth: {auth}
notifications: {{endpoints: [{{name: test, url: "http://127.0.0.1:{listener}/", timeout: 1s, threshold: 5, backoff: 1s}}]}}
"""

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def bridge_address() -> str:
    """An address of this host that is not loopback, so that Docker insists on a certificate it trusts."""
    bridge = docker("network", "inspect", "bridge", "--format", '{{index .Options "com.docker.network.bridge.name"}}').strip()
    described = subprocess.run(["ip", "-4", "-json", "addr", "show", bridge], capture_output=True, check=True).stdout
    return json.loads(described)[0]["addr_info"][0]["local"]


@dataclass
class Registry:
    directory: Path
    users: dict[str, str]
    host: str = "127.0.0.1"
    tls: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    # What the registry says was done, and by whom.
    events: list[dict] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    @property
    def trusted_ca(self) -> Path:
        """Where Docker looks for the CA of this registry."""
        return Path("/etc/docker/certs.d") / self.address / "ca.crt"

    def start(self) -> Registry:
        (self.directory / "users").write_bytes(b"".join(self._user(*pair) for pair in self.users.items()))
        tls = ""
        if self.tls:
            make_ca(self.directory)
            make_certificate(self.directory, f"IP:{self.host}")
            tls = f", tls: {{certificate: {self.directory}/server.crt, key: {self.directory}/server.key}}"
        listener = self._listen()
        text = CONFIGURATION.format(directory=self.directory, address=self.address, tls=tls, listener=listener, auth=self.auth())
        (self.directory / "registry.yml").write_text(text)
        with (self.directory / "log").open("ab") as log:
            command = ["docker-registry", "serve", self.directory / "registry.yml"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("the registry", lambda: self.request("GET", "/v2/")[0] == 200, 20)
        return self

    def auth(self) -> str:
        """How the registry is told to check logins."""
        return f"{{htpasswd: {{realm: test, path: {self.directory}/users}}}}"

    def authorization(self, path: str) -> str:
        """The first user's right to what is at this path."""
        name, password = next(iter(self.users.items()))
        return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"

    def _listen(self) -> int:
        """Takes the registry's notifications."""
        events = self.events

        class Listener(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                events.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        return listener.server_port

    def pullers(self, repository: str) -> set[str]:
        """Who pulled from this repository."""
        pulls = [event for event in self.events if event["action"] == "pull"]
        return {event["actor"]["name"] for event in pulls if event["target"]["repository"] == repository}

    def _user(self, name: str, password: str) -> bytes:
        command = ["htpasswd", "-niB", "-C", "4", name]
        return subprocess.run(command, input=password.encode(), capture_output=True, check=True).stdout.strip() + b"\n"

    def trust(self) -> None:
        """Has Docker trust the CA."""
        self.trusted_ca.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.directory / "ca.crt", self.trusted_ca)

    def stop(self) -> None:
        shutil.rmtree(self.trusted_ca.parent, ignore_errors=True)
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def seen(self, *parts: str) -> list[str]:
        """The lines of the access log that hold all of these."""
        return [line for line in self.log().splitlines() if "HTTP/1.1" in line and all(part in line for part in parts)]

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, dict]:
        """One request as the first user."""
        request = urllib.request.Request(self.url + path, data=body, method=method)
        for header, value in {"Authorization": self.authorization(path), **headers}.items():
            request.add_header(header.replace("_", "-"), value)
        trust = ssl.create_default_context(cafile=str(self.directory / "ca.crt")) if self.tls else None
        try:
            with urllib.request.urlopen(request, timeout=5, context=trust) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)
        except (urllib.error.URLError, OSError):
            return 0, b"", {}

    def push(self, name: str, variable: str = "", padding: int = 0) -> str:
        """Puts the test image there, with a variable that makes it one of its own, through this API alone: the engine
        never sees it. Gives its digest."""
        layer, configuration = image_parts(variable or name, padding)
        described = []
        for blob in (configuration, layer):
            location = self.request("POST", f"/v2/{name.split(':')[0]}/blobs/uploads/", b"")[2]["Location"]
            path = location.removeprefix(self.url)
            status, answer, _ = self.request(
                "PUT", f"{path}&digest={digest(blob)}", blob, Content_Type="application/octet-stream"
            )
            assert status == 201, answer
            described.append({"digest": digest(blob), "size": len(blob)})
        kinds = ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip")
        for part, kind in zip(described, kinds, strict=True):
            part["mediaType"] = kind
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
        return self.put_manifest(name, manifest)

    def put_manifest(self, name: str, manifest: dict) -> str:
        repository, tag = name.split(":")
        body = json.dumps(manifest).encode()
        status, answer, headers = self.request(
            "PUT", f"/v2/{repository}/manifests/{tag}", body, Content_Type=manifest["mediaType"]
        )
        assert status == 201, answer
        return headers["Docker-Content-Digest"]

    def push_for_another_platform(self, name: str) -> None:
        """A list with one image, which is for no machine that runs this."""
        inner = self.push(f"{name}-inner")
        repository = name.split(":")[0]
        size = len(self.request("GET", f"/v2/{repository}/manifests/{inner}", Accept=MANIFEST)[1])
        entry = {"mediaType": MANIFEST, "digest": inner, "size": size, "platform": {"os": "linux", "architecture": "mips64le"}}
        self.put_manifest(name, {"schemaVersion": 2, "mediaType": MANIFEST_LIST, "manifests": [entry]})


@dataclass
class TokenRegistry(Registry):
    """A registry that takes Bearer tokens alone, and the service that gives them for a password, as Docker Hub and GitHub have it."""

    def auth(self) -> str:
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "2", "-keyout", "tokens.key", "-out", "tokens.crt")
        realm = f"http://127.0.0.1:{self._serve_tokens()}/token"
        return f"{{token: {{realm: '{realm}', service: test, issuer: tokens, rootcertbundle: {self.directory}/tokens.crt}}}}"

    def authorization(self, path: str) -> str:
        repository = path.removeprefix("/v2/").split("/blobs/")[0].split("/manifests/")[0]
        return f"Bearer {self.token('owner', repository, ['pull', 'push'])}"

    def token(self, user: str, repository: str, actions: list[str]) -> str:
        certificate = self._openssl("x509", "-in", "tokens.crt", "-outform", "DER")
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(certificate).decode()]}
        now = int(time.time())
        access = [{"type": "repository", "name": repository, "actions": actions}] if repository else []
        claims = {"iss": "tokens", "sub": user, "aud": "test", "exp": now + 600, "nbf": now - 60, "iat": now, "jti": os.urandom(8).hex(), "access": access}
        parts = [urlsafe(json.dumps(part).encode()) for part in (header, claims)]
        signature = self._openssl("dgst", "-sha256", "-sign", "tokens.key", text=".".join(parts).encode())
        return ".".join((*parts, urlsafe(signature)))

    def _serve_tokens(self) -> int:
        registry = self

        class Tokens(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                login = self.headers.get("Authorization", "").removeprefix("Basic ")
                user, _, password = base64.b64decode(login).decode().partition(":")
                known = bool(password) and registry.users.get(user) == password
                repository = query.get("scope", ["::"])[0].split(":")[1]
                body = {"token": registry.token(user, repository, ["pull"])} if known else {"errors": [{"code": "UNAUTHORIZED", "message": "no such login"}]}
                self.send_response(200 if known else 401)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        return service.server_port

    def _openssl(self, *arguments: str, text: bytes | None = None) -> bytes:
        return subprocess.run(["openssl", *arguments], cwd=self.directory, input=text, capture_output=True, check=True).stdout


def urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


_parts: dict[str, bytes] = {}


def image_parts(variable: str, padding: int) -> tuple[bytes, bytes]:
    """Layer and configuration of the test image, with `WHICH` set, and with so many bytes more."""
    if not _parts:
        saved = subprocess.run(["docker", "save", IMAGE], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            (manifest,) = json.load(archive.extractfile("manifest.json"))
            _parts["configuration"] = archive.extractfile(manifest["Config"]).read()
            _parts["layer"] = archive.extractfile(manifest["Layers"][0]).read()
    configuration = json.loads(_parts["configuration"])
    # A file of its own, so that no other image has this layer: what is here already would not be pulled.
    layer = io.BytesIO(_parts["layer"])
    with tarfile.open(fileobj=layer, mode="a") as archive:
        content = variable.encode() + os.urandom(padding)
        member = tarfile.TarInfo("which")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    layer = layer.getvalue()
    configuration["rootfs"]["diff_ids"] = [digest(layer)]
    configuration["history"] = []
    configuration.setdefault("config", {})["Env"] = ["PATH=/bin:/usr/bin:/sbin", f"WHICH={variable}"]
    return layer, json.dumps(configuration).encode()


def forget(image: str) -> None:
    """Takes the image off the engine, if it is there."""
    subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)
