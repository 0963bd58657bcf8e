"""Is a client put together from its configuration and plugins, or refused with everything closed again?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from zcrm_core import (
    Client,
    Config,
    ConfigError,
    InvalidToken,
    PluginError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)

BASE = {"client_id": "1000.A", "client_secret": "s"}


class Nothing(TokenStorePlugin):
    """A store without tokens."""

    name = "nothing"
    priority = 1
    config_keys = {"nothing_at": "a key of its own"}  # noqa: RUF012 - a plain dict is what authors write

    def claims(self, config: Config) -> bool:
        return False

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return False


def test_a_passed_store_is_used_whatever_the_keys_say(tmp_path: Path) -> None:
    """An object with hooks wins over every installed store, and its own keys are known."""
    keys = {**BASE, "token_persistence_path": tmp_path, "nothing_at": "x"}

    with Client(keys, token_store=Nothing()) as client:
        assert client.token_store == "nothing"
        assert client.config.get("nothing_at") == "x"


class Own:
    """A store of methods, without hooks."""

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def save(self, key: TokenKey, token: Token) -> None:
        self.tokens[key] = token

    def fetch(self, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None


@pytest.mark.parametrize("keys", [{"token_store": "file"}, {"high_at": "x"}], ids=["pinned", "outranked"])
def test_a_passed_object_keeps_the_tokens_whatever_the_keys_say(
    keys: dict[str, object], tmp_path: Path
) -> None:
    """Neither a pin in the configuration nor a store of a higher rank takes the tokens of a passed object."""

    class High(Nothing):
        name = "high"
        priority = 900
        config_keys = {"high_at": "a key of its own"}  # noqa: RUF012 - as above

        def claims(self, config: Config) -> bool:
            return "high_at" in config

    own = Own()
    settings = {**BASE, "current_user_email": "u", "token_persistence_path": tmp_path / "tokens", **keys}
    with Client(settings, token_store=own, plugins=[High()]) as client:
        client.tokens.save(Token("u", "access", None, 7))
        assert client.token_store == "custom"

    assert [key.user_identifier for key in own.tokens] == ["u"]
    assert list(tmp_path.iterdir()) == []


def test_a_passed_object_s_tokens_go_to_no_store_of_the_same_name_as_ours() -> None:
    """A plugin that is called custom displaces the store that would look at the object, so it is refused."""

    class Custom(Nothing):
        name = "custom"

    with pytest.raises(
        PluginError, match=r"custom \(passed by the program\) would not keep the tokens"
    ) as caught:
        Client(BASE, token_store=Own(), plugins=[Custom()])

    assert caught.value.code == "ZCRM-PLUGIN-006"
    assert "install zcrm-store-custom" in caught.value.fix
    with Client(BASE, token_store=Custom()) as client:
        assert client.token_store == "custom"


def test_a_finished_config_is_taken(tmp_path: Path) -> None:
    """A Config works like a dict, also together with a store of the program's own."""
    config = Config({**BASE, "token_persistence_path": tmp_path, "region": "eu"})

    with Client(config) as client, Client(config, token_store=Nothing()) as other:
        assert (client.token_store, other.token_store) == ("file", "nothing")
        assert client.region.name == other.region.name == "eu"


def test_the_environment_is_enough(tmp_path: Path) -> None:
    """Variables alone make a client."""
    variables = {
        "ZCRM_CLIENT_ID": "1000.A",
        "ZCRM_CLIENT_SECRET": "s",
        "ZCRM_TOKEN_PERSISTENCE_PATH": str(tmp_path),
        "ZCRM_CURRENT_USER_EMAIL": "me@example.com",
    }

    with Client.from_env(variables) as client:
        assert (client.token_store, client.user) == ("file", "me@example.com")


def test_a_refused_client_closes_its_log(tmp_path: Path) -> None:
    """When the region or the store is refused, the log file that was opened is closed again."""
    keys = {**BASE, "application_log_file_path": tmp_path / "x.log", "token_store": "no such store"}

    with pytest.raises(PluginError):
        Client(keys)


@pytest.mark.parametrize("more", [{}, {"timeout": "never"}], ids=["alone", "with another problem"])
def test_an_unknown_key_tells_of_plugins_that_did_not_load(
    more: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of a plugin that is switched off or broken is unknown; the error says why, and the cure."""
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "simulator")

    with pytest.raises(ConfigError, match=r"simulator.*disabled\. ZCRM_DISABLE_PLUGINS names it") as caught:
        Client({**BASE, "simulator_url": "http://127.0.0.1:1", **more})

    cure = "Or, if the key is that plugin's: Take simulator out of ZCRM_DISABLE_PLUGINS to use it."
    assert caught.value.fix.endswith(cure)
    assert sum(cure in problem.fix for problem in caught.value.problems) == 1


def test_nothing_is_connected_and_nothing_written_to_make_a_client(tmp_path: Path) -> None:
    """Making a client touches neither the network nor the disk."""
    with Client({**BASE, "token_persistence_path": tmp_path / "tokens"}) as client:
        assert not client.is_token_generated("somebody")
        assert list(tmp_path.iterdir()) == []


def test_a_client_without_a_user_says_so(tmp_path: Path) -> None:
    """The first call that needs a user names the key; as_user is checked at once."""
    with Client({**BASE, "token_persistence_path": tmp_path}) as client:
        assert "nobody" in repr(client)
        with pytest.raises(ConfigError, match="current_user_email"):
            client.users.current()
        with pytest.raises(InvalidToken):
            client.as_user("")


def test_events_tell_what_was_chosen_and_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen store and each plugin that is not in use are told once, when the client is made."""
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "simulator")
    seen: list[tuple[str, str]] = []

    class Listener:
        @hookimpl
        def zcrm_log(self, event: object) -> None:
            seen.append((event.name, event.message))  # type: ignore[attr-defined]

    with Client({**BASE, "token_persistence_path": tmp_path}, plugins=[Listener()]) as client:
        assert client.token_store == "file"

    assert [name for name, _ in seen] == ["plugin_failed", "plugin_chosen"]
    assert "token_persistence_path is set" in seen[1][1]
