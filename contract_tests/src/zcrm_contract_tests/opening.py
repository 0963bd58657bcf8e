"""How is the store under test found and asked? As the core does it: by the core's own plugin manager.

This is the one module that looks behind the core's public names: a store has to be driven exactly as a client
would drive it, and no public name hands out the hooks of one store.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from zcrm_contract_tests.capabilities import Capabilities
from zcrm_contract_tests.verdicts import CannotOpen
from zcrm_core import Client, Config, Token, TokenKey, ZcrmError
from zcrm_core.config import environment_values, file_values
from zcrm_core.plugins import Plugins

__all__ = ["OpenStore", "Plugins", "Source", "environment_values", "file_values", "from_reference"]

Hook = Callable[..., object]

_CLIENT: Final[Mapping[str, object]] = {"client_id": "1000.CONTRACT", "client_secret": "contract-secret"}


class OpenStore:
    """One store with one configuration, asked through the hooks; its answers are passed on unchecked.

    Args:
        config: the configuration that every hook gets.
        hooks: the store's own token hooks, by name.
        reason: what the store says of the configuration, and of itself.
        capabilities: what the store promises.
    """

    def __init__(
        self, config: Config, hooks: Mapping[str, Hook], reason: str, capabilities: Capabilities
    ) -> None:
        self.config = config
        self.reason = reason
        self.capabilities = capabilities
        self._hooks = hooks

    def offers(self, hook: str) -> bool:
        """Answer whether the store has a hook."""
        return hook in self._hooks

    def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> object:
        """Pass on ``zcrm_save_token``."""
        return self._hooks["zcrm_save_token"](config=self.config, key=key, token=token, replaces=replaces)

    def fetch(self, key: TokenKey) -> object:
        """Pass on ``zcrm_fetch_token``."""
        return self._hooks["zcrm_fetch_token"](config=self.config, key=key)

    def delete(self, key: TokenKey) -> object:
        """Pass on ``zcrm_delete_token``."""
        return self._hooks["zcrm_delete_token"](config=self.config, key=key)

    def list(self) -> Iterable[object]:
        """Pass on ``zcrm_list_tokens``."""
        answer = self._optional("zcrm_list_tokens", "lists")(config=self.config)
        if not isinstance(answer, Iterable):
            raise TypeError(f"zcrm_list_tokens answered with {type(answer).__name__}")
        return answer

    def lock(self, key: TokenKey, wait: float) -> AbstractContextManager[object]:
        """Pass on ``zcrm_lock_token``."""
        answer = self._optional("zcrm_lock_token", "locks")(config=self.config, key=key, wait=wait)
        if not isinstance(answer, AbstractContextManager):
            raise TypeError(f"zcrm_lock_token answered with {type(answer).__name__}, no context manager")
        return answer

    def _optional(self, hook: str, capability: str) -> Hook:
        if hook not in self._hooks:
            raise CannotOpen(
                f"The store has no {hook}; if it is to have none, say Capabilities({capability}=False)."
            )
        return self._hooks[hook]


@dataclass(frozen=True)
class Source:
    """Where the store comes from.

    Args:
        plugin: the name of an installed plugin, a plugin's class, or a plugin object.
        capabilities: what the store promises.
    """

    plugin: object
    capabilities: Capabilities = field(default_factory=Capabilities)

    @property
    def name(self) -> str:
        """The store's name."""
        if isinstance(self.plugin, str):
            return self.plugin
        name = getattr(self.plugin, "name", None)
        return name if isinstance(name, str) else _kind(self.plugin).__name__

    @property
    def version(self) -> str:
        """The version of the wheel that brings it; empty for an object or class of a program."""
        entry = next((entry for entry in _installed() if entry.name == self.plugin), None)
        return entry.dist.version if entry is not None and entry.dist is not None else ""

    @property
    def reloads(self) -> bool:
        """Whether each :meth:`load` makes the plugin anew, as another process would; an object stays one."""
        return isinstance(self.plugin, str) or inspect.isclass(self.plugin)

    def load(self) -> Plugins:
        """Load the plugin, as a client of its own.

        Raises:
            CannotOpen: it is not installed, cannot be loaded or breaks the rules of the hooks.
        """
        if isinstance(self.plugin, str):
            return self._load_installed(self.plugin)
        try:
            plugin = self.plugin() if inspect.isclass(self.plugin) else self.plugin
            return Plugins(given=[plugin], installed=_installed())
        except ZcrmError as error:
            raise CannotOpen(str(error)) from error
        except Exception as error:
            raise CannotOpen(f"The plugin {self.name} cannot be made: {_said(error)}") from error

    def _load_installed(self, name: str) -> Plugins:
        plugins = Plugins(installed=_installed())
        info = next((info for info in plugins if info.name == name), None)
        if info is None:
            stores = [info.name for info in plugins if "zcrm_token_store" in info.hooks]
            raise CannotOpen(
                f"There is no plugin named {name}; the stores installed here are: "
                f"{', '.join(stores) or 'none'}."
            )
        if info.error is not None:
            raise CannotOpen(f"{info.error.what} {info.error.why}")
        if "zcrm_token_store" not in info.hooks:
            raise CannotOpen(f"The plugin {info} is no token store: it has no zcrm_token_store.")
        return plugins

    def open(self, plugins: Plugins, values: Mapping[str, object]) -> OpenStore:
        """Open the store with a configuration.

        Raises:
            CannotOpen: the configuration cannot be used, or the store does not claim it.
        """
        try:
            config = Config(
                {**_CLIENT, "token_store": self.name, **values}, plugin_keys=plugins.config_keys()
            )
            chosen, hooks = plugins.choose_store(config)
        except ZcrmError as error:
            raise CannotOpen(str(error)) from error
        if not chosen.claim.claims:
            raise CannotOpen(
                f"The store {chosen.plugin} does not claim this configuration: {chosen.claim.reason}."
            )
        return OpenStore(config, hooks, chosen.claim.reason, self.capabilities)

    def client(self, config: Mapping[str, object]) -> Client:
        """Make a whole client that keeps its tokens in this store.

        Args:
            config: the configuration, ``client_id`` and ``client_secret`` included.
        """
        given: list[object] = []
        if not isinstance(self.plugin, str):
            given.append(self.plugin() if inspect.isclass(self.plugin) else self.plugin)
        return Client({**config, "token_store": self.name}, plugins=given)

    def reference(self) -> dict[str, str] | None:
        """Give what another process needs to load the same plugin; ``None`` when it could not."""
        if isinstance(self.plugin, str):
            return {"entry_point": self.plugin}
        kind = _kind(self.plugin)
        if not self.reloads and getattr(self.plugin, "__dict__", {"state": True}):
            return None  # an object with a state of its own
        if "<locals>" in kind.__qualname__:
            return None
        try:
            file = str(Path(inspect.getfile(kind)).resolve())
        except (TypeError, OSError):
            return None
        return {"module": kind.__module__, "qualname": kind.__qualname__, "file": file}


def from_reference(reference: Mapping[str, str], capabilities: Capabilities) -> Source:
    """Load in this process what :meth:`Source.reference` named in another."""
    if "entry_point" in reference:
        return Source(reference["entry_point"], capabilities)
    found: object = _module(reference["module"], Path(reference["file"]))
    for name in reference["qualname"].split("."):
        found = getattr(found, name)
    return Source(found, capabilities)


def _module(name: str, file: Path) -> object:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin is not None and Path(spec.origin).resolve() == file:
        return importlib.import_module(name)
    # A test module that pytest loaded by its path: no import finds it.
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CannotOpen(f"The module {name} of the store cannot be loaded in another process.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """The installed plugins, looked up once: a run opens the store thousands of times."""
    return tuple(entry_points(group="zcrm"))


def _kind(plugin: object) -> type:
    return plugin if inspect.isclass(plugin) else type(plugin)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
