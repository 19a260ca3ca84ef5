"""AWS's caching client reads from this server."""

from aws_secretsmanager_caching import SecretCache, SecretCacheConfig

from harness import wait_for


def test_the_caching_client_keeps_a_value_until_it_refreshes(server, name):
    secrets = server.client("secretsmanager")
    secrets.create_secret(Name=name, SecretString="one")
    secrets.create_secret(Name=f"{name}-bytes", SecretBinary=b"\0\1")
    cache = SecretCache(config=SecretCacheConfig(secret_refresh_interval=1), client=secrets)
    assert cache.get_secret_string(name) == "one"
    assert cache.get_secret_binary(f"{name}-bytes") == b"\0\1"
    secrets.put_secret_value(SecretId=name, SecretString="two")
    wait_for("the refresh", lambda: cache.get_secret_string(name) == "two", 10)
    assert cache.get_secret_string(name, version_stage="AWSPREVIOUS") == "one"
