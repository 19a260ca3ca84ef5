"""A container engine of a test's own, which may be killed without anybody else's containers ending with it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from harness import IMAGE, wait_for


class Engine:
    """A `dockerd` with directories, a socket, a bridge and a containerd of its own. It leaves the host's firewall alone, so
    its containers reach each other and nothing else."""

    def __init__(self):
        # Without a bridge of its own it would take that of the host's engine, and with none at all it would remove that.
        self.bridge = f"sealift{random.randrange(10**6)}"
        # Paths of sockets are short, so not below the directory of the test.
        self.directory = Path(tempfile.mkdtemp(prefix="sealift-engine-", dir="/tmp"))
        self.process: subprocess.Popen | None = None
        subprocess.run(["ip", "link", "add", self.bridge, "type", "bridge"], check=True)

    @property
    def address(self) -> str:
        return f"unix://{self.directory}/socket"

    def docker(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(["docker", "--host", self.address, *arguments], capture_output=True, timeout=60, **options)

    def start(self) -> Engine:
        self.launch()
        return self.await_health()

    def await_health(self) -> Engine:
        wait_for("the engine's answer", self._answers, 60)
        return self

    def launch(self) -> None:
        (self.directory / "pid").unlink(missing_ok=True)
        places = {"--data-root": "data", "--exec-root": "exec", "--pidfile": "pid"}
        flags = [f"{flag}={self.directory / name}" for flag, name in places.items()]
        rest = ["--host", self.address, "--iptables=false", "--ip6tables=false", f"--bridge={self.bridge}"]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(["dockerd", *flags, *rest], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.directory / "log").read_text()[-2000:])
        return self.docker("version").returncode == 0

    def with_image(self) -> Engine:
        """Hands it the image of the tests, from the host's own engine."""
        image = subprocess.run(["docker", "save", IMAGE], capture_output=True, timeout=60, check=True).stdout
        assert self.docker("load", input=image).returncode == 0
        return self

    def kill(self) -> None:
        """`kill -9` of the engine and its containerd; the containers live on until it starts again."""
        self.process.kill()
        self.process.wait()
        self._end_containerd(signal.SIGKILL)

    def _end_containerd(self, sign: signal.Signals) -> None:
        """One that is left half alive would be waited for by the next engine."""
        file = self.directory / "exec/containerd/containerd.pid"
        if not file.exists():
            return
        process = Path(f"/proc/{file.read_text()}")
        if process.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), sign)
            wait_for("the end of containerd", lambda: not process.exists(), 20)
        file.unlink(missing_ok=True)

    def remove(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self._end_containerd(signal.SIGTERM)
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed([one for one in mounts if one.startswith(f"{self.directory}/")]):
            subprocess.run(["umount", "--lazy", mount], check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
