"""A deleted secret is gone: from the answers, and from the files."""

import sqlite3
import subprocess
from datetime import datetime, timezone

from errors import refused
from harness import wait_for


def database(server) -> sqlite3.Connection:
    return sqlite3.connect(server.data_dir / "sealift.db")


def sealed(server, arn: str) -> list[bytes]:
    """The values of a secret as they lie in the database, and the data keys beside them."""
    with database(server) as db:
        rows = db.execute("SELECT sealed, data_key FROM secret_versions WHERE secret_arn = ?", (arn,)).fetchall()
    # Their ends: a long value lies on several pages.
    return [blob[-40:] for row in rows for blob in row]


def on_disk(server, blobs: list[bytes]) -> list[str]:
    files = [file.read_bytes() for file in server.data_dir.rglob("*") if file.is_file()]
    return [blob.hex()[:16] for blob in blobs if any(blob in data for data in files)]


def exists(secrets, name: str) -> bool:
    return bool(secrets.list_secrets(IncludePlannedDeletion=True, Filters=[{"Key": "name", "Values": [name]}])["SecretList"])


def test_after_its_window_a_secret_leaves_the_files_whatever_happened_meanwhile(new_server):
    server = new_server().start()
    secrets = server.client("secretsmanager")
    arn = secrets.create_secret(Name="due", SecretString="x" * 5000)["ARN"]
    secrets.put_secret_value(SecretId="due", SecretString="y" * 100)
    kept = secrets.create_secret(Name="kept", SecretString="z" * 100)["ARN"]
    later = secrets.create_secret(Name="later", SecretString="z" * 100)["ARN"]
    for name in ("due", "later"):
        secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    blobs, others = sealed(server, arn), sealed(server, kept) + sealed(server, later)
    assert (len(blobs), len(others)) == (4, 4)
    assert len(on_disk(server, blobs + others)) == 8

    # The window ends while the server is down, and it went down without a goodbye.
    server.kill()
    with database(server) as db:
        past = int(datetime.now(timezone.utc).timestamp() * 1000) - 1000
        assert db.execute("UPDATE secrets SET purge_at = ? WHERE arn = ?", (past, arn)).rowcount == 1
    server.start()
    wait_for("the deletion", lambda: not exists(secrets, "due"), 30)
    wait_for("the wiping of the files", lambda: not on_disk(server, blobs), 30)
    assert len(on_disk(server, others)) == 4
    with refused("ResourceNotFoundException"):
        secrets.restore_secret(SecretId=arn)
    assert exists(secrets, "later")
    secrets.restore_secret(SecretId="later")
    assert secrets.get_secret_value(SecretId="later")["SecretString"] == "z" * 100

    # What is deleted by force leaves the files as well, at the latest with the end of the server.
    blobs = sealed(server, kept)
    secrets.delete_secret(SecretId="kept", ForceDeleteWithoutRecovery=True)
    server.stop()
    assert on_disk(server, blobs) == []


def test_on_postgresql_its_rows_are_gone(new_server, postgres_url):
    def ask(sql: str) -> str:
        return subprocess.run(["psql", postgres_url, "-qtAc", sql], check=True, capture_output=True, text=True).stdout.strip()

    server = new_server(database_url=postgres_url).start()
    secrets = server.client("secretsmanager")
    secrets.create_secret(Name="due", SecretString="v", AddReplicaRegions=[{"Region": "eu-north-1"}])
    secrets.remove_regions_from_replication(SecretId="due", RemoveReplicaRegions=["eu-north-1"])
    assert ask("SELECT count(*) FROM secret_versions") == "1"
    secrets.delete_secret(SecretId="due")
    server.stop()
    ask("UPDATE secrets SET purge_at = 1")
    server.start()
    wait_for("the deletion", lambda: not exists(secrets, "due"), 30)
    for table in ("secrets", "secret_versions", "secret_labels", "secret_replicas"):
        assert ask(f"SELECT count(*) FROM {table}") == "0", table
