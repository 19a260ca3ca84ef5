"""Collectors that log drivers write to: each listens on loopback and keeps what it is sent."""

from __future__ import annotations

import gzip
import json
import os
import socket
import socketserver
import struct
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Collected(list):
    """What arrived so far."""

    def texts(self) -> str:
        return "\n".join(str(one) for one in self)


@contextmanager
def _serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def event_collector(token: str):
    """Splunk's HTTP event collector, for one token. Yields its URL, the events, and the tokens that were refused."""
    events, refused = Collected(), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, text: str) -> None:
            body = json.dumps({"text": text, "code": 0 if status == 200 else 4}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_OPTIONS(self) -> None:
            self.answer(200, "Success")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != f"Splunk {token}":
                refused.append(self.headers["Authorization"])
                return self.answer(403, "Invalid token")
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            text, decoder = body.decode().strip(), json.JSONDecoder()
            while text:
                event, end = decoder.raw_decode(text)
                events.append(event)
                text = text[end:].lstrip()
            self.answer(200, "Success")

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _serving(server):
        yield f"http://127.0.0.1:{server.server_port}", events, refused


@contextmanager
def datagrams(decode=bytes.decode):
    """A UDP port. Yields it, and what was sent there."""
    received = Collected()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received.append(decode(self.request[0]))

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    with _serving(server):
        yield server.server_address[1], received


def gelf(datagram: bytes) -> dict:
    """One message of GELF, compressed in either way or not at all."""
    if datagram[:2] == b"\x1f\x8b":
        datagram = gzip.decompress(datagram)
    elif datagram[:1] == b"\x78":
        datagram = zlib.decompress(datagram)
    return json.loads(datagram)


@contextmanager
def lines():
    """A TCP port that takes lines. Yields it, and the lines."""
    received = Collected()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                received.append(line.decode().rstrip("\n"))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    with _serving(server):
        yield server.server_address[1], received


@contextmanager
def forward():
    """A TCP port that speaks fluentd's forward protocol. Yields it, and the records as (tag, record)."""
    received = Collected()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                while True:
                    received.extend(records(unpack(self.rfile)))
            except EOFError:
                pass

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    with _serving(server):
        yield server.server_address[1], received


def records(message: list) -> list[tuple[str, dict]]:
    """The records of one message: [tag, time, record] or [tag, [[time, record], …]]."""
    tag, second = message[0], message[1]
    if isinstance(second, list):
        return [(tag, record) for _, record in second]
    return [(tag, message[2])]


def unpack(stream):
    """One value of MessagePack."""

    def take(count: int) -> bytes:
        taken = stream.read(count)
        if len(taken) < count:
            raise EOFError
        return taken

    def number(form: str) -> int:
        return struct.unpack(">" + form, take(struct.calcsize(form)))[0]

    def values(count: int) -> list:
        return [unpack(stream) for _ in range(count)]

    def pairs(count: int) -> dict:
        return {unpack(stream): unpack(stream) for _ in range(count)}

    first = take(1)[0]
    if first <= 0x7F:
        return first
    if first >= 0xE0:
        return first - 0x100
    if first <= 0x8F:
        return pairs(first & 0x0F)
    if first <= 0x9F:
        return values(first & 0x0F)
    if first <= 0xBF:
        return take(first & 0x1F).decode()
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first]
    lengths = {"B": (0xC4, 0xD9), "H": (0xC5, 0xDA), "I": (0xC6, 0xDB)}
    for form, (binary, text) in lengths.items():
        if first == binary:
            return take(number(form))
        if first == text:
            return take(number(form)).decode()
    numbers = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
    if first in numbers:
        return number(numbers[first])
    extensions = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
    if first in extensions:
        return take(1 + extensions[first])
    collections = {0xDC: (values, "H"), 0xDD: (values, "I"), 0xDE: (pairs, "H"), 0xDF: (pairs, "I")}
    if first in collections:
        make, form = collections[first]
        return make(number(form))
    raise ValueError(f"no MessagePack: {first:#x}")


JOURNAL = Path("/run/systemd/journal/socket")


@contextmanager
def journal():
    """A journal in the place of systemd's, where the machine has none. Yields its entries."""
    entries, made = Collected(), []
    for parent in (JOURNAL.parent.parent, JOURNAL.parent):
        if not parent.exists():
            parent.mkdir()
            made.append(parent)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(JOURNAL))
    os.chmod(JOURNAL, 0o666)

    def receive() -> None:
        while True:
            try:
                entry = listening.recv(65536)
            except OSError:
                return
            if not entry:
                return
            fields = [line.split("=", 1) for line in entry.decode(errors="replace").splitlines() if "=" in line]
            entries.append(dict(fields))

    threading.Thread(target=receive, daemon=True).start()
    try:
        yield entries
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        JOURNAL.unlink()
        for parent in reversed(made):
            parent.rmdir()
