"""Is every key of Zoho's SDKs read as documented, and is every mistake in a configuration found and named?"""

from __future__ import annotations

import copy
import os
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import Client, Config, ConfigError, Secret
from zcrm_core.config import environment_values, file_values
from zcrm_core.config_keys import KEYS

BASE = {"client_id": "1000.A", "client_secret": "a secret"}

GOOD: dict[str, list[tuple[object, object]]] = {
    "client_id": [("1000.B", "1000.B")],
    "redirect_uri": [("https://example.com/callback", "https://example.com/callback")],
    "current_user_email": [("A@x.com", "A@x.com"), ("a@x.com ", "a@x.com ")],
    "region": [("eu", "eu"), ("EU", "eu"), (" in ", "in")],
    "environment": [("sandbox", "sandbox"), ("Developer", "developer")],
    "accounts_url": [("https://accounts.zoho.eu/", "https://accounts.zoho.eu")],
    "api_base_url": [
        ("www.zohoapis.eu", "https://www.zohoapis.eu"),
        ("https://www.zohoapis.eu/", "https://www.zohoapis.eu"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/zoho/", "http://[::1]:8080/zoho"),
        ("HTTPS://WWW.ZOHOAPIS.EU", "https://www.zohoapis.eu"),
    ],
    "file_upload_url": [("https://content.zohoapis.eu", "https://content.zohoapis.eu")],
    "api_version": [("v2", "v2"), ("V8", "v8"), ("v2.1", "v2.1")],
    "soid": [("ZohoCRM.1", "ZohoCRM.1"), (" ZohoCRM.1 ", "ZohoCRM.1")],
    "access_type": [("offline", "offline"), ("Offline", "offline")],
    "timeout": [("2.5", 2.5), (600, 600.0)],
    "max_retries": [("0", 0), (10, 10)],
    "application_log_file_path": [("/var/log/zcrm.log", Path("/var/log/zcrm.log"))],
    "log_in_console": [("TRUE", True), (True, True), ("no", False), (0, False)],
    "token_store": [("file", "file")],
    "persistence_handler_class_path": [("/a/b.py", "/a/b.py"), ("a.b:C", "a.b:C")],
    "persistence_handler_class": [("MyStore", "MyStore")],
    "token_persistence_path": [("/tokens", Path("/tokens"))],
    "db_username": [("zoho", "zoho")],
    "db_port": [("3307", 3307), (1, 1)],
    "db_host": [("db.example.com", "db.example.com")],
    "db_name": [("tokens", "tokens")],
}

BAD: dict[str, list[object]] = {
    "client_id": ["", "  ", 7, "a\nb"],
    "client_secret": ["", 7],
    "current_user_email": ["", 7, "a\0b", "x" * 513, "\ud800"],
    "region": ["", 1],
    "environment": ["prod", "", 1],
    "sandbox": ["ja", "", 2, "on", 1.5],
    "accounts_url": ["", "http://accounts.zoho.eu", "ftp://x", "https://", "https://u:p@accounts.zoho.eu"],
    "api_base_url": [
        "http://www.zohoapis.eu",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://www.zohoapis.eu?x=1",
        "https://www.zohoapis.eu#x",
        "https://www.zohoapis.eu:port",
        "https://a b",
        "://x",
        7,
    ],
    "file_upload_url": ["http://content.zohoapis.eu"],
    "api_version": ["v1", "2", "v9", "", "latest"],
    "soid": ["", 1],
    "access_type": ["online", "", 1],
    "timeout": ["0", -1, 601, "soon", True, "nan", "inf"],
    "max_retries": [-1, 11, "x", 1.5, True],
    "application_log_file_path": ["", 7, "a\0b"],
    "log_in_console": ["maybe", ""],
    "token_store": ["", 7],
    "persistence_handler": ["a text"],
    "persistence_handler_class": ["", 7],
    "token_persistence_path": ["", "  ", 7, "a\0b", "~nobody-has-this-name/x"],
    "db_username": ["", 7],
    "db_password": [7],
    "db_port": ["0", 65536, "x", 3306.0, True],
    "db_host": [""],
    "db_name": [""],
    "db_url": ["", 7],
}

ALIASES = [(alias, key.name) for key in KEYS.values() for alias in key.aliases]


@pytest.mark.parametrize(
    ("key", "given", "value"), [(k, g, v) for k, cases in GOOD.items() for g, v in cases]
)
def test_a_good_value_is_read(key: str, given: object, value: object) -> None:
    """Texts, as a properties file has them, and Python's own types mean the same."""
    config = Config({**BASE, key: given})

    assert config.get(key) == value
    assert key in config


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values])
def test_a_bad_value_is_one_error_that_names_the_key(key: str, value: object) -> None:
    """A value of the wrong kind, outside its range or empty is refused by the name of its key."""
    with pytest.raises(ConfigError, match=rf"The key {key} ") as caught:
        Config({**BASE, key: value})

    assert len(caught.value.problems) == 1
    assert caught.value.code == "ZCRM-CONFIG-004"


@pytest.mark.parametrize("settings", [None, "zcrm.toml", [1], 7, Path("zcrm.toml")])
def test_what_is_no_configuration_is_told_with_what_is_one(settings: object) -> None:
    """A path, nothing or a list in the place of the keys is an error that names the three ways."""
    with pytest.raises(ConfigError, match=r"Client\.from_file\(path\)") as caught:
        Client(settings)  # type: ignore[arg-type]

    assert "mapping" in caught.value.fix
    assert caught.value.code == "ZCRM-CONFIG-004"


@pytest.mark.parametrize(
    "key", ["client_id", "client_secret", "redirect_uri", "soid", "db_password", "db_url"]
)
def test_what_cannot_be_sent_is_refused_when_the_config_is_made(key: str) -> None:
    """A variable whose bytes are not UTF-8 is told by its key, and its value is not shown."""
    value = os.fsdecode(b"hush\xff")

    with pytest.raises(ConfigError, match=f"The key {key} cannot be used") as caught:
        Config({**BASE, key: value})

    assert "hush" not in "".join(traceback.format_exception(caught.value))
    if key == "client_secret":
        with pytest.raises(ConfigError, match=key):
            Config({**BASE, key: Secret(value)})


def test_every_key_has_its_cases() -> None:
    """The two tables above leave out no key."""
    assert set(KEYS) - set(GOOD) - set(BAD) == set()


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_an_alias_is_its_key(alias: str, name: str) -> None:
    """The spellings of the other SDKs mean the documented key; two that differ are an error naming both."""
    first, second = ("1", "2") if name == "db_port" else ("https://a.example", "https://b.example")
    if name == "api_version":
        first, second = "v3", "v8"

    assert Config({**BASE, alias: first}).get(name) == Config({**BASE, name: first}).get(name)
    assert Config({**BASE, alias: first, name: first}).get(name) is not None
    with pytest.raises(ConfigError, match=rf"{alias} and {name}|{name} and {alias}") as caught:
        Config({**BASE, alias: first, name: second})
    assert caught.value.code == "ZCRM-CONFIG-005"


def test_defaults_are_the_documented_ones() -> None:
    """Without more than the client it is v2, production, 30 s, three retries, and MySQL's usual place."""
    config = Config(BASE)

    assert (config.api_version, config.environment, config.timeout, config.max_retries) == (
        "v2",
        "production",
        30.0,
        3,
    )
    assert [config.get(key) for key in ("db_username", "db_port", "db_host", "db_name")] == [
        "root",
        3306,
        "localhost",
        "zohooauth",
    ]
    assert config.get("no_such_key", "a default") == "a default"


@pytest.mark.parametrize("value", [True, "true", "TRUE", " True ", "1", 1, "yes", "Yes"])
def test_the_sandbox_never_reaches_production(value: object) -> None:
    """Every spelling of yes is the sandbox."""
    assert Config({**BASE, "sandbox": value}).environment == "sandbox"


@pytest.mark.parametrize(
    ("sandbox", "environment"), [("true", "production"), (True, "developer"), ("false", "sandbox")]
)
def test_two_words_about_the_environment_must_agree(sandbox: object, environment: str) -> None:
    """Sandbox and environment that disagree are an error; neither of them wins."""
    with pytest.raises(ConfigError, match="contradict") as caught:
        Config({**BASE, "sandbox": sandbox, "environment": environment})

    assert caught.value.code == "ZCRM-CONFIG-005"


def test_an_unknown_key_is_named_with_the_nearest_one() -> None:
    """A misspelt key is an error that offers the right one."""
    with pytest.raises(ConfigError, match="token_persistence_path") as caught:
        Config({**BASE, "token_persistance_path": "/x"})

    assert caught.value.code == "ZCRM-CONFIG-002"


def test_a_plugin_s_key_is_known_when_the_plugin_is() -> None:
    """Keys that plugins add are taken as they are."""
    assert Config({**BASE, "my_url": "x"}, plugin_keys={"my_url": "where"}).get("my_url") == "x"


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_a_missing_key_is_named_with_its_variable(missing: str) -> None:
    """The error for a missing key says how to set it, also in the environment."""
    with pytest.raises(ConfigError, match=f"ZCRM_{missing.upper()}") as caught:
        Config({key: value for key, value in BASE.items() if key != missing})

    assert caught.value.code == "ZCRM-CONFIG-003"


def test_all_problems_are_told_at_once() -> None:
    """One look at the error is enough to correct everything."""
    with pytest.raises(ConfigError) as caught:
        Config({"client_idd": "x", "db_port": "many", "sandbox": "true", "environment": "production"})

    assert [problem.code[-3:] for problem in caught.value.problems] == ["002", "004", "003", "003", "005"]
    assert all(problem.what in str(caught.value) for problem in caught.value.problems)


def test_no_error_shows_a_value_that_may_be_secret() -> None:
    """Neither an error nor the configuration's own text holds a secret or a password."""
    hidden = "s3cr3t-value"
    config = Config({"client_id": "1000.A", "client_secret": hidden, "db_password": hidden})
    with pytest.raises(ConfigError) as caught:
        Config(
            {
                "client_secret": [hidden],
                "db_password": {hidden: 1},
                "db_port": "x",
                "accounts_url": f"//u:{hidden}@x",
            }
        )
    shown = "".join(traceback.format_exception(caught.value)) + repr(config) + str(config)

    assert hidden not in shown
    assert config.client_secret.reveal() == hidden


def test_a_config_never_changes() -> None:
    """Neither the configuration nor the caller's dict can be changed through the other."""
    given = dict(BASE)
    before = copy.deepcopy(given)
    config = Config(given)
    given["client_id"] = "another"

    assert config.client_id == before["client_id"]
    assert before == BASE
    with pytest.raises(AttributeError):
        config.client_id = "x"
    with pytest.raises(AttributeError):
        del config.client_id


def test_a_config_can_be_had_with_changes() -> None:
    """Replace makes another configuration, checked like the first."""
    config = Config({**BASE, "token_persistence_path": "/x", "timeout": "5"})

    changed = config.replace(api_version="v8")

    assert (changed.api_version, changed.timeout, changed.get("token_persistence_path")) == (
        "v8",
        5.0,
        Path("/x"),
    )
    with pytest.raises(ConfigError):
        config.replace(api_version="v99")


def test_variables_are_keys_in_capitals() -> None:
    """Every key can come from the environment, also in the other SDKs' spellings; switches are no keys."""
    config = Config(
        environment_values(
            {
                "ZCRM_CLIENT_ID": "1000.A",
                "ZCRM_CLIENT_SECRET": "s",
                "ZCRM_APIVERSION": "v8",
                "ZCRM_MYSQL_PORT": "3307",
                "ZCRM_DISABLE_PLUGINS": "x",
                "ZCRM_CONFIG": "x",
                "ZCRM_TEST_MYSQL_URL": "x",
                "PATH": "/bin",
            }
        )
    )

    assert (config.api_version, config.get("db_port")) == ("v8", 3307)
    with pytest.raises(ConfigError, match="client_idd"):
        Config(environment_values({"ZCRM_CLIENT_IDD": "x"}))


@pytest.mark.parametrize("head", ["", "[zcrm]\n"])
def test_a_toml_file_is_read(head: str, tmp_path: Path) -> None:
    """Keys stand at the top level or in a table zcrm."""
    file = tmp_path / "zcrm.toml"
    file.write_text(f'{head}client_id = "1000.A"\nclient_secret = "s"\nsandbox = true\n', encoding="utf-8")

    assert Config(file_values(file)).environment == "sandbox"


def test_paths_in_a_file_start_from_its_folder(tmp_path: Path) -> None:
    """A relative path means the same wherever the program is started."""
    file = tmp_path / "zcrm.toml"
    file.write_text(
        'client_id = "1000.A"\nclient_secret = "s"\ntoken_persistence_path = "tokens"\n', encoding="utf-8"
    )

    with Client.from_file(file) as client:
        assert client.config.get("token_persistence_path") == tmp_path / "tokens"


def test_a_plugin_finds_a_relative_path_in_that_folder_too(tmp_path: Path) -> None:
    """What a plugin's key names is where the core's own keys would look; that holds for a copy as well."""
    config = Config({**BASE, "my_path": "tokens.db"}, plugin_keys={"my_path": "mine"}, folder=tmp_path)

    for each in (config, config.replace(region="eu")):
        assert each.locate(each.require("my_path", "my store")) == tmp_path / "tokens.db"
    assert config.locate("~/x") == Path.home() / "x"
    assert config.locate("/x") == Path("/x")
    with pytest.raises(ConfigError, match="cannot hold a NUL") as caught:
        config.locate("a\0b")
    assert caught.value.code == "ZCRM-CONFIG-004"


@pytest.mark.parametrize("name", ["mine.py", "mine.py:Store"])
def test_the_file_of_a_store_class_starts_from_that_folder_too(tmp_path: Path, name: str) -> None:
    """With or without the name of the class, no file of the same name in the working directory is taken."""
    config = Config({**BASE, "persistence_handler_class_path": name}, folder=tmp_path)

    assert config.get("persistence_handler_class_path") == f"{tmp_path}/{name}"


@pytest.mark.parametrize("content", [None, b"no toml at all", b"client_secret = 's3cr3t", b"\xff\xfes3cr3t"])
def test_a_file_that_is_no_configuration_is_named(content: bytes | None, tmp_path: Path) -> None:
    """A missing, broken or undecodable file is one error that names it and shows none of it."""
    file = tmp_path / "zcrm.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=r"zcrm\.toml") as caught:
        file_values(file)

    assert caught.value.code == "ZCRM-CONFIG-006"
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(sorted(KEYS)), st.text(max_size=9)),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=9),
            st.binary(max_size=3),
            st.lists(st.text(max_size=2), max_size=2),
        ),
    )
)
def test_whatever_is_given_is_a_config_or_a_config_error(values: dict[str, object]) -> None:
    """No combination of values ends in anything but a configuration or a ConfigError."""
    with suppress(ConfigError):
        Config({**BASE, **values})


def test_keys_outside_the_table_are_not_dropped(tmp_path: Path) -> None:
    """A file with a table zcrm and keys above it is refused, so that no setting is lost without a word."""
    file = tmp_path / "zcrm.toml"
    file.write_text('region = "eu"\n[zcrm]\nclient_id = "1000.A"\nclient_secret = "s"\n', encoding="utf-8")

    with pytest.raises(ConfigError, match="region outside its table") as caught:
        file_values(file)

    assert caught.value.code == "ZCRM-CONFIG-006"


def test_a_pipe_is_no_configuration(tmp_path: Path) -> None:
    """A FIFO in the file's place is refused at once instead of being waited for."""
    pipe = tmp_path / "zcrm.toml"
    os.mkfifo(pipe)

    with pytest.raises(ConfigError, match="not a regular file"):
        file_values(pipe)
