"""A log router of our own, in the place of Fluent Bit and Fluentd, of which the tests can have neither.

It reads the configuration that was generated for it, in either notation, listens where that says, speaks the forward
protocol, and writes every record to its standard output, with the options of the output section that the record's tag
matches. It does not show a value that comes from a variable, but its digest.
"""

import hashlib
import json
import os
import re
import signal
import socketserver
import sys
import threading
from fnmatch import fnmatchcase
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from collectors import records, unpack  # noqa: E402

FLUENT_BIT, FLUENTD = Path("/fluent-bit/etc/fluent-bit.conf"), Path("/fluentd/etc/fluent.conf")


def fluent_bit(text: str):
    """The sections as (kind, [(key, value)])."""
    for part in re.split(r"\n(?=\[)", "\n" + text):
        lines = [line.strip() for line in part.strip().splitlines()]
        if lines and lines[0].startswith("["):
            pairs = [line.split(None, 1) for line in lines[1:] if line and not line.startswith("@")]
            yield lines[0].strip("[]").lower(), pairs


def fluentd(text: str):
    for kind, tag, body in re.findall(r"<(source|match)\s*([^>]*)>\n(.*?)</\1>", text, re.DOTALL):
        pairs = [line.split(None, 1) for line in body.splitlines() if line.strip()]
        names = {"source": "input", "match": "output"}
        yield names[kind], [("Name" if k == "@type" else k, v) for k, v in pairs] + ([("Match", tag)] if tag else [])


def digest(variable: str) -> str:
    return "sha256:" + hashlib.sha256(os.environ[variable].encode()).hexdigest()


def expanded(value: str) -> str:
    value = re.sub(r"\$\{(\w[\w.-]*)\}", lambda found: digest(found[1]), value)
    return re.sub(r"^\"#\{ENV\['([^']+)'\]\}\"$", lambda found: digest(found[1]), value)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    path = FLUENT_BIT if FLUENT_BIT.exists() else FLUENTD
    read = fluent_bit if path == FLUENT_BIT else fluentd
    sections = [(kind, dict(pairs)) for kind, pairs in read(path.read_text())]
    inputs = [options for kind, options in sections if kind == "input"]
    outputs = [options for kind, options in sections if kind == "output"]
    records_of = [pairs for kind, pairs in read(path.read_text()) if kind == "filter"]
    added = dict(pair[1].split(None, 1) for pairs in records_of for pair in pairs if pair[0] == "Record")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                while True:
                    for tag, record in records(unpack(self.rfile)):
                        self.tell(tag, record | added)
            except EOFError:
                pass

        def tell(self, tag: str, record: dict) -> None:
            output = next((o for o in outputs if fnmatchcase(tag, o["Match"])), {})
            output = {name: expanded(value) for name, value in output.items()}
            print(json.dumps({"tag": tag, "record": record, "output": output}), flush=True)

    for options in inputs:
        if socket := options.get("unix_path") or options.get("path"):
            Path(socket).unlink(missing_ok=True)
            server = socketserver.ThreadingUnixStreamServer(socket, Handler)
        elif options["Name"] == "forward":
            address = (options.get("Listen") or options["bind"], int(options.get("Port") or options["port"]))
            server = socketserver.ThreadingTCPServer(address, Handler)
        else:
            continue
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


main()
