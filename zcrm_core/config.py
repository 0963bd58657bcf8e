"""What did the user configure? Keys from a dict, a TOML file or the environment become one frozen Config."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

from zcrm_core.config_keys import KEYS, Key, read_path
from zcrm_core.errors import ConfigError
from zcrm_core.tokens import Secret

__all__ = ["Config", "environment_values", "file_values"]

_NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})
_PREFIX: Final = "ZCRM_"
_SWITCHES: Final = ("ZCRM_DISABLE_PLUGINS", "ZCRM_CONFIG")
"""Variables with the prefix that are switches of their own, not configuration keys."""


class Config:
    """One client's settings: checked once, then never changed.

    Args:
        values: the keys of docs/reference/configuration.md, as texts or as the natural Python types.
        plugin_keys: the keys that plugins add, each with its meaning; ``Client`` fills this in.
        folder: where relative paths start; the working directory when left out.

    Raises:
        ConfigError: an unknown, missing, wrong or contradictory key; ``error.problems`` lists them all.
    """

    client_id: str
    client_secret: Secret
    redirect_uri: str | None
    current_user_email: str | None
    region: str | None
    environment: str
    sandbox: bool
    accounts_url: str | None
    api_base_url: str | None
    file_upload_url: str | None
    api_version: str
    soid: str | None
    access_type: str
    timeout: float
    max_retries: int
    application_log_file_path: Path | None
    log_in_console: bool
    token_store: str | None
    _given: Mapping[str, object]
    _plugin_keys: Mapping[str, str]
    _folder: Path

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        plugin_keys: Mapping[str, str] = _NO_KEYS,
        folder: Path | None = None,
    ) -> None:
        folder = folder or Path.cwd()
        given, problems = _read(values, plugin_keys, folder)
        problems += _missing(given, problems) + _contradictions(given)
        if problems:
            _refuse(problems)
        settings = {key.name: given.get(key.name, key.default) for key in KEYS.values() if key.store is None}
        environment = "sandbox" if settings["sandbox"] else settings["environment"] or "production"
        settings.update(environment=environment, sandbox=environment == "sandbox")
        self.__dict__.update(
            settings, _given=MappingProxyType(given), _plugin_keys=plugin_keys, _folder=folder
        )

    def get(self, key: str, default: object = None) -> object:
        """Give the value of a key: the given one, else the key's own default, else ``default``."""
        known = KEYS.get(key)
        if known is not None and known.store is None:
            # The same answer as the attribute: sandbox = true is environment = sandbox here too.
            value: object = getattr(self, key)
        else:
            value = self._given.get(key, None if known is None else known.default)
        return default if value is None else value

    def require(self, key: str, needed_by: str) -> str:
        """Give the text of a key that somebody cannot do without.

        Args:
            key: the key's name.
            needed_by: who needs it, for the message: "the file store", "a web login".

        Raises:
            ConfigError: the key is missing or not a text.
        """
        value = self.get(key)
        if isinstance(value, (str, Path)):
            return str(value)
        raise ConfigError(
            f"The key {key} is missing." if value is None else f"The key {key} is not a text.",
            why=f"{needed_by[:1].upper()}{needed_by[1:]} needs it.",
            fix=f"Set {key} (in the environment: {_PREFIX}{key.upper()}).",
            code="ZCRM-CONFIG-003" if value is None else "ZCRM-CONFIG-004",
        )

    def locate(self, path: str | Path) -> Path:
        """Give the place that a path of a plugin's key means: a relative one starts as the core's own do.

        Args:
            path: the value; ``~`` is the home folder.

        Raises:
            ConfigError: it is no path.
        """
        try:
            return read_path(path, self._folder)
        except ValueError as error:
            raise ConfigError(
                f"The path {path!r} cannot be used: {error}.",
                fix="Correct the key that names it.",
                code="ZCRM-CONFIG-004",
            ) from None

    def replace(self, **changes: object) -> Config:
        """Make a configuration that differs in the keys named.

        Raises:
            ConfigError: a changed key is unknown, wrong or contradictory.
        """
        return Config({**self._given, **changes}, plugin_keys=self._plugin_keys, folder=self._folder)

    def __contains__(self, key: object) -> bool:
        """Tell whether the user gave this key, under any of its names."""
        return key in self._given

    def __iter__(self) -> Iterator[str]:
        """Go over the documented names of the keys that the user gave."""
        return iter(self._given)

    def __repr__(self) -> str:
        return f"<Config with {', '.join(self._given)}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Config never changes: make another one to have another {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Config never changes: make another one without {name}")


def environment_values(environ: Mapping[str, str] | None = None) -> dict[str, object]:
    """Read the keys from variables named ``ZCRM_`` and the key in capitals.

    Args:
        environ: the variables; the process's own when left out.
    """
    found = os.environ if environ is None else environ
    return {
        name[len(_PREFIX) :].lower(): value
        for name, value in found.items()
        if name.startswith(_PREFIX) and name not in _SWITCHES and not name.startswith("ZCRM_TEST_")
    }


def file_values(path: str | Path) -> dict[str, object]:
    """Read the keys from a TOML file: at its top level, or in its ``[zcrm]`` table.

    Raises:
        ConfigError: the file is missing, unreadable or not TOML.
    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - only a configuration in a file needs it
    else:
        import tomli as tomllib  # noqa: PLC0415 - the same
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise ValueError("It is not a regular file")  # noqa: TRY301 - a FIFO would be waited for
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # A decoding error carries the file's bytes, and they may be a secret: say its kind only.
        if isinstance(error, UnicodeDecodeError):
            why = f"It is not UTF-8 ({error.reason})."
        else:
            why = f"{error.strerror if isinstance(error, OSError) else error}."
        raise ConfigError(
            f"The configuration file {path} cannot be read.",
            why=why,
            fix='Name a TOML file that this user may read, with lines such as client_id = "1000.A".',
            code="ZCRM-CONFIG-006",
        ) from None
    table = values.get("zcrm")
    if not isinstance(table, dict):
        return values
    stray = [name for name in values if name in KEYS]
    if stray:
        raise ConfigError(
            f"The configuration file {path} has {', '.join(stray)} outside its table [zcrm].",
            why="With a table [zcrm] only the keys in it count, and nothing is dropped without a word.",
            fix="Move the keys into the table, or remove the line [zcrm].",
            code="ZCRM-CONFIG-006",
        )
    return dict(table)


def _read(
    values: Mapping[str, object], plugin_keys: Mapping[str, str], folder: Path
) -> tuple[dict[str, object], list[ConfigError]]:
    """Read every given key; an alias counts as the documented name."""
    documented = {alias: key for key in KEYS.values() for alias in (key.name, *key.aliases)}
    # The environment has one case only, so the camelCase spellings arrive there in lower case.
    documented |= {alias.lower(): key for alias, key in documented.items()}
    given: dict[str, object] = {}
    spelled: dict[str, str] = {}
    problems: list[ConfigError] = []
    for name, value in values.items():
        key = documented.get(name)
        if key is None and name not in plugin_keys:
            problems.append(_unknown(name, [*documented, *plugin_keys]))
            continue
        if value is None:
            continue
        target = name if key is None else key.name
        try:
            answer = value if key is None else _value(key, value, folder)
        except ValueError as error:
            problems.append(
                ConfigError(
                    f"The key {name} cannot be used: {error}.",
                    why=f"It is {key.meaning}." if key else "",
                    fix=f"Correct {name}, or leave it out.",
                    code="ZCRM-CONFIG-004",
                )
            )
            continue
        if target in given and given[target] != answer:
            problems.append(
                ConfigError(
                    f"The keys {spelled[target]} and {name} are two names of one key, with different values.",
                    why=f"Both are spellings of {target}, and only one value can hold.",
                    fix=f"Keep {target} and remove the other.",
                    code="ZCRM-CONFIG-005",
                )
            )
        given[target], spelled[target] = answer, name
    return given, problems


def _value(key: Key, value: object, folder: Path) -> object:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and not text.strip() and not key.may_be_empty:
        raise ValueError("it is empty")
    return key.read(value, folder)


def _unknown(name: str, known: list[str]) -> ConfigError:
    nearest = difflib.get_close_matches(str(name), known, n=1)  # a program's dict can have other names
    return ConfigError(
        f"There is no key {name}.",
        why="Neither the core nor an installed plugin knows it.",
        fix=f"Did you mean {nearest[0]}?"
        if nearest
        else "Remove it, or install the plugin that it belongs to.",
        code="ZCRM-CONFIG-002",
    )


def _missing(given: Mapping[str, object], problems: list[ConfigError]) -> list[ConfigError]:
    already_named = " ".join(problem.what for problem in problems)
    return [
        ConfigError(
            f"The key {key.name} is missing.",
            why=f"Every client and every token store needs it: it is {key.meaning}.",
            fix=f"Set {key.name} (in the environment: {_PREFIX}{key.name.upper()}).",
            code="ZCRM-CONFIG-003",
        )
        for key in KEYS.values()
        if key.required and key.name not in given and f"key {key.name} " not in already_named
    ]


def _contradictions(given: Mapping[str, object]) -> list[ConfigError]:
    sandbox, environment = given.get("sandbox"), given.get("environment")
    if sandbox is None or environment is None or sandbox == (environment == "sandbox"):
        return []
    return [
        ConfigError(
            f"sandbox = {str(sandbox).lower()} and environment = {environment} contradict each other.",
            why="Calls meant for the sandbox must never reach production, so zcrm does not guess.",
            fix="Keep environment and remove sandbox.",
            code="ZCRM-CONFIG-005",
        )
    ]


def _refuse(problems: list[ConfigError]) -> NoReturn:
    if len(problems) == 1:
        raise problems[0]
    raise ConfigError(
        f"The configuration has {len(problems)} problems: " + " ".join(problem.what for problem in problems),
        why=" ".join(dict.fromkeys(problem.why for problem in problems)),
        fix=" ".join(dict.fromkeys(problem.fix for problem in problems)),
        problems=problems,
    )
