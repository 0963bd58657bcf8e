"""Does a configuration stay safe and clear, whoever wrote it, and from wherever it comes?"""

from __future__ import annotations

import copy
import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from zcrm_core import Config, ConfigError, Secret
from zcrm_core.config import environment_values, file_values
from zcrm_core.config_keys import KEYS, service_url

BASE = {"client_id": "1000.A", "client_secret": "a secret"}
SOURCES = ("dict", "TOML", "environment")

# What a properties file of one of Zoho's SDKs says, under each SDK's own names: texts throughout.
RUBY = {
    "client_id": "1000.A",
    "client_secret": "a secret",
    "redirect_uri": "https://example.com/callback",
    "current_user_email": "me@example.com",
    "api_base_url": "https://www.zohoapis.eu",
    "api_version": "v2",
    "accounts_url": "https://accounts.zoho.eu",
    "sandbox": "false",
    "access_type": "offline",
    "db_username": "zoho",
    "db_password": "a password",
    "db_port": "3307",
    "db_address": "db.example.com",
    "log_in_console": "true",
}
PHP = {
    "client_id": "1000.A",
    "client_secret": "a secret",
    "redirect_uri": "https://example.com/callback",
    "currentUserEmail": "me@example.com",
    "apiBaseUrl": "www.zohoapis.eu",
    "apiVersion": "v2",
    "accounts_url": "https://accounts.zoho.eu/",
    "sandbox": "FALSE",
    "access_type": "offline",
    "db_username": "zoho",
    "db_password": "a password",
    "db_port": "3307",
    "host_address": "db.example.com",
    "fileUploadUrl": "https://content.zohoapis.eu",
    "log_in_console": "1",
}
PYTHON = {
    "client_id": "1000.A",
    "client_secret": "a secret",
    "redirect_uri": "https://example.com/callback",
    "currentUserEmail": "me@example.com",
    "apiBaseUrl": "https://www.zohoapis.eu",
    "apiVersion": "v2",
    "accounts_url": "https://accounts.zoho.eu",
    "sandbox": "False",
    "mysql_username": "zoho",
    "mysql_password": "a password",
    "mysql_port": "3307",
    "mysql_host": "db.example.com",
    "log_in_console": "yes",
}


def from_source(source: str, values: dict[str, str], folder: Path) -> Config:
    """Make a configuration of the same texts in another place."""
    if source == "TOML":
        file = folder / "zcrm.toml"
        file.write_text("".join(f'{key} = "{value}"\n' for key, value in values.items()), encoding="utf-8")
        return Config(file_values(file))
    if source == "environment":
        return Config(environment_values({f"ZCRM_{key.upper()}": value for key, value in values.items()}))
    return Config(values)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("values", [RUBY, PHP, PYTHON], ids=["Ruby", "PHP", "Python"])
def test_a_properties_file_of_each_sdk_means_the_same(
    values: dict[str, str], source: str, tmp_path: Path
) -> None:
    """The names and texts of any of Zoho's SDKs, in any source, become the documented keys and types."""
    config = from_source(source, values, tmp_path)

    assert (config.current_user_email, config.environment, config.log_in_console) == (
        "me@example.com",
        "production",
        True,
    )
    assert (config.accounts_url, config.api_base_url) == (
        "https://accounts.zoho.eu",
        "https://www.zohoapis.eu",
    )
    assert [config.get(key) for key in ("db_username", "db_password", "db_port", "db_host")] == [
        "zoho",
        Secret("a password"),
        3307,
        "db.example.com",
    ]
    assert config.get("file_upload_url") == ("https://content.zohoapis.eu" if values is PHP else None)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("alias", "name"), [(alias, key.name) for key in KEYS.values() for alias in key.aliases]
)
def test_two_spellings_that_differ_are_refused_from_every_source(
    alias: str, name: str, source: str, tmp_path: Path
) -> None:
    """No source lets one of two contradicting spellings win in silence."""
    one, other = {
        "api_version": ("v2", "v8"),
        "db_port": ("1", "2"),
        "api_base_url": ("https://www.zohoapis.eu", "https://www.zohoapis.in"),
        "file_upload_url": ("https://content.zohoapis.eu", "https://content.zohoapis.in"),
    }.get(name, ("one", "other"))

    with pytest.raises(ConfigError, match="two names of one key") as caught:
        from_source(source, {**BASE, alias: one, name: other}, tmp_path)

    assert caught.value.code == "ZCRM-CONFIG-005"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("value", ["true", "TRUE", "tRuE", " true ", "1", "yes", "YES"])
def test_no_source_loses_the_sandbox(value: str, source: str, tmp_path: Path) -> None:
    """Every spelling of yes in every source is the sandbox, for the client and for a plugin that asks."""
    config = from_source(source, {**BASE, "sandbox": value}, tmp_path)

    assert (config.environment, config.sandbox) == ("sandbox", True)
    assert config.get("environment", "production") == "sandbox"
    assert config.get("sandbox") is True


@pytest.mark.parametrize(
    "value", ["on", "ja", "t", "y", "truee", "sandbox", "-1", "", " ", 2, 1.5, [], b"true"]
)
def test_a_sandbox_that_is_neither_yes_nor_no_makes_no_client(value: object) -> None:
    """Whatever is not clearly yes or no is refused, so that no typing error means production."""
    with pytest.raises(ConfigError, match="sandbox"):
        Config({**BASE, "sandbox": value})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "production"),
        ({"environment": "developer"}, "developer"),
        ({"environment": "Sandbox"}, "sandbox"),
        ({"sandbox": "no"}, "production"),
        ({"sandbox": "no", "environment": "developer"}, "developer"),
        ({"sandbox": True, "environment": "sandbox"}, "sandbox"),
    ],
)
def test_the_environment_has_one_answer(keys: dict[str, object], expected: str) -> None:
    """The attributes and get agree about the environment, whichever of the two keys was given."""
    config = Config({**BASE, **keys})

    assert config.environment == config.get("environment") == expected
    assert config.sandbox is config.get("sandbox") is (expected == "sandbox")


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key.store is None])
def test_get_and_the_attribute_agree(name: str) -> None:
    """For each of the core's own keys, a plugin that uses get sees what the core sees."""
    config = Config(BASE)
    missing = object()

    value = config.get(name, missing)

    assert getattr(config, name) == (None if value is missing else value)


def test_replace_keeps_the_sandbox() -> None:
    """Changing another key does not bring a client back to production."""
    config = Config({**BASE, "sandbox": "TRUE"})

    assert config.replace(api_version="v8").environment == "sandbox"
    with pytest.raises(ConfigError, match="contradict"):
        config.replace(environment="production")


@pytest.mark.parametrize(
    "text",
    [
        "https:/www.zohoapis.eu",  # one slash: the host would be "https"
        "https:www.zohoapis.eu",
        "https://",
        "https://:443",
        "//www.zohoapis.eu",
        "https://www.zohoapis.eu\n.evil.example",
        "https://www.zohoapis.eu\0",
        "https://evil.example\\.zohoapis.eu",
        "https://www.zohoapis.eu@evil.example",
        "https://user:password@www.zohoapis.eu",
        "https://www.zohoapis.eu?x=1",
        "https://www.zohoapis.eu#x",
        "https://www.zohoapis.eu:port",
        "https://www.zohoapis.eu:99999",
        "https://[::1",
        "file:///etc/passwd",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://0.0.0.0",
        "http://2130706433",
        "http://[::]",
        "http://192.168.0.1",
    ],
)
def test_an_address_that_could_mislead_is_refused(text: str) -> None:
    """A text that could mean two hosts, or a host reached without encryption, is no address."""
    with pytest.raises(ConfigError, match="api_base_url") as caught:
        Config({**BASE, "api_base_url": text})

    assert caught.value.code == "ZCRM-CONFIG-004"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("www.zohoapis.eu", "https://www.zohoapis.eu"),
        ("https://www.zohoapis.eu:443/", "https://www.zohoapis.eu"),
        ("www.zohoapis.eu:443", "https://www.zohoapis.eu"),
        ("http://localhost:80", "http://localhost"),
        ("https://www.zohoapis.eu:8443//", "https://www.zohoapis.eu:8443"),
        ("http://127.255.255.254:1", "http://127.255.255.254:1"),
        ("http://[::1]:443/a/", "http://[::1]:443/a"),
    ],
)
def test_one_place_has_one_address(text: str, address: str) -> None:
    """A default scheme, port or slash makes no second address (RFC 3986 section 6.2.3)."""
    assert service_url(text) == address
    assert service_url(address) == address


@pytest.mark.parametrize("value", [10**400, float("nan"), float("-inf"), "1e400", -(10**400)])
def test_a_number_beyond_all_bounds_is_a_config_error(value: object) -> None:
    """A number that no float can hold is out of range like any other."""
    with pytest.raises(ConfigError, match="timeout"):
        Config({**BASE, "timeout": value})


@pytest.mark.parametrize("name", [1, None, ("client_id",), b"client_id"])
def test_a_name_that_is_no_text_is_unknown(name: object) -> None:
    """A key that is no text, such as a symbol carried over from Ruby, is named as unknown."""
    with pytest.raises(ConfigError, match="There is no key") as caught:
        Config({**BASE, name: "x"})  # type: ignore[dict-item]

    assert caught.value.code == "ZCRM-CONFIG-002"


@pytest.mark.parametrize("value", ["", " \t", Secret(""), Secret("  ")])
def test_an_empty_secret_is_no_secret(value: object) -> None:
    """An empty client secret is refused, wrapped or not; an empty database password is a value."""
    with pytest.raises(ConfigError, match="client_secret cannot be used: it is empty"):
        Config({**BASE, "client_secret": value})

    assert Config({**BASE, "db_password": ""}).get("db_password") == Secret("")


def test_none_is_not_given() -> None:
    """A key with the value None counts as left out, also for the contradiction with its other name."""
    config = Config({**BASE, "db_host": None, "mysql_host": "db", "region": None})

    assert (config.get("db_host"), config.region, "region" in config) == ("db", None, False)


@pytest.mark.parametrize("freeze", [MappingProxyType, dict], ids=["read-only", "dict"])
def test_the_caller_s_mapping_is_only_read(freeze: Callable[[dict[str, object]], dict[str, object]]) -> None:
    """A frozen mapping works, and a dict is afterwards what it was: no default is written into it."""
    values: dict[str, object] = {**BASE, "mysql_port": "3307", "sandbox": "TRUE"}
    before = copy.deepcopy(values)

    Config(freeze(values))

    assert values == before
    assert list(values) == list(before)


def test_no_way_leads_into_a_config() -> None:
    """Neither an attribute, a new name, nor the inner mapping can be written."""
    config = Config(BASE)

    with pytest.raises(AttributeError):
        config.api_version = "v8"
    with pytest.raises(AttributeError):
        config.brand_new = 1
    with pytest.raises(TypeError):
        config._given["client_id"] = "x"  # type: ignore[index]
    assert config.api_version == "v2"


def test_a_copy_is_as_frozen_and_no_pickle_holds_the_secret() -> None:
    """A shallow copy behaves like the original; pickling is refused, because the secret would go along."""
    config = Config({**BASE, "region": "eu"})

    twin = copy.copy(config)

    assert (twin.region, twin.client_secret) == ("eu", config.client_secret)
    with pytest.raises(AttributeError):
        twin.region = "us"
    with pytest.raises(TypeError):
        pickle.dumps(config)


HIDDEN = "s3cr3t-v4lue"


@pytest.mark.parametrize(
    "values",
    [
        {"client_secret": HIDDEN, "client_id": ""},
        {"client_secret": HIDDEN.encode(), "client_id": "1000.A"},
        {"client_secret": [HIDDEN], "db_password": {"x": HIDDEN}},
        {**BASE, "db_password": HIDDEN, "mysql_password": HIDDEN + "x"},
        {**BASE, "no_such_key": HIDDEN},
        {**BASE, "accounts_url": f"https://me:{HIDDEN}@accounts.zoho.eu"},
        {**BASE, "api_base_url": f"https://www.zohoapis.eu?token={HIDDEN}"},
        {**BASE, "db_port": HIDDEN, "timeout": HIDDEN, "max_retries": HIDDEN, "sandbox": HIDDEN},
        {**BASE, "environment": HIDDEN, "api_version": HIDDEN, "access_type": HIDDEN},
    ],
)
def test_no_problem_shows_a_value(values: dict[str, object]) -> None:
    """A value in the wrong place may be a secret, so no text of an error repeats it."""
    with pytest.raises(ConfigError) as caught:
        Config(values)

    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.problems)
    assert HIDDEN not in shown


def test_no_text_of_a_config_shows_a_secret() -> None:
    """Str, repr, format, its variables and a log line with a configuration are all free of secrets."""
    config = Config({**BASE, "client_secret": HIDDEN, "mysql_password": HIDDEN})
    line = logging.LogRecord("x", 20, "x", 1, "%s %r", (config, config), None).getMessage()

    assert HIDDEN not in f"{config} {config!r} {vars(config)} {line} {dict.fromkeys(config)}"


@pytest.mark.parametrize(
    ("key", "code"), [("token_persistence_path", "003"), ("db_port", "004"), ("my_key", "003")]
)
def test_a_key_that_somebody_needs_is_asked_for_by_name(key: str, code: str) -> None:
    """The error of require names the key, who needs it, and the variable to set."""
    with pytest.raises(ConfigError, match=f"The key {key} .*The file store needs it") as caught:
        Config(BASE).require(key, "the file store")

    assert caught.value.code == f"ZCRM-CONFIG-{code}"
    assert f"ZCRM_{key.upper()}" in caught.value.fix


def test_a_process_reads_its_own_variables(tmp_path: Path) -> None:
    """A fresh process with nothing but variables has the same configuration, or the same error."""
    program = (
        "from zcrm_core import Config, ConfigError\n"
        "from zcrm_core.config import environment_values\n"
        "try:\n"
        "    config = Config(environment_values())\n"
        "    print(config.environment, config.get('token_persistence_path'))\n"
        "except ConfigError as error:\n"
        "    print(error.code)\n"
    )

    def run(**variables: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ZCRM_")}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**clean, **{f"ZCRM_{name}": value for name, value in variables.items()}},
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    keys = {"CLIENT_ID": "1000.A", "CLIENT_SECRET": "s"}
    assert run(**keys, SANDBOX="YES", TOKEN_PERSISTENCE_PATH="t") == f"sandbox {tmp_path / 't'}"
    assert run(**keys, SANDBOX="perhaps") == "ZCRM-CONFIG-004"
    assert run() == "ZCRM-CONFIG-001"
