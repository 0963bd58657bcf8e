"""How are the parts of a client put together from its configuration and its plugins?"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zcrm_core.config import Config
from zcrm_core.errors import ConfigError, PluginError
from zcrm_core.homes import Homes
from zcrm_core.log import EventLog, StandardLogging
from zcrm_core.oauth import Accounts
from zcrm_core.plugin_discovery import name_of
from zcrm_core.plugin_rules import STORE_HOOKS
from zcrm_core.plugins import Plugins
from zcrm_core.redaction import kind_of
from zcrm_core.redirects import Logins
from zcrm_core.refresh import Refresher
from zcrm_core.regions import DataCentres, api_url, download_url, resolve
from zcrm_core.store import Store
from zcrm_core.tokens import Secret
from zcrm_core.transport import Transport

__all__ = ["Parts", "assemble"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the clients of one family share: those made with ``as_user`` from one another."""

    config: Config
    plugins: Plugins
    homes: Homes
    log: EventLog
    logging: StandardLogging
    store: Store
    transport: Transport
    accounts: Accounts
    refresher: Refresher
    logins: Logins


def assemble(
    settings: Mapping[str, object] | Config,
    token_store: object | None = None,
    given: Sequence[object] = (),
    folder: Path | None = None,
) -> Parts:
    """Find the plugins, check the configuration, and choose the region and the store.

    Args:
        settings: the configuration, or its keys.
        token_store: the program's own store, if any.
        given: plugin objects that the program passes.
        folder: where relative paths start; the working directory when left out.

    Raises:
        ConfigError: a key is wrong, missing, unknown or contradictory.
        PluginError: no store fits, or a plugin that the program passed breaks the rules.
        StoreError: the store in force says that it cannot be used.
    """
    if not isinstance(given, Iterable):
        raise PluginError(
            f"plugins is one {kind_of(given)}, and no list of plugins.",
            why="A client can have several, so they are passed together.",
            fix="Pass a list: plugins=[it].",
            code="ZCRM-PLUGIN-003",
        )
    own: dict[str, object] = {}
    if token_store is not None and _has_hooks(token_store):
        given = (token_store, *given)  # first, so that its name is its own
        own["token_store"] = name_of(token_store)
    elif token_store is not None:
        # Pinned as well: what the program passes counts before what the configuration says.
        own.update({"persistence_handler": token_store, "token_store": "custom"})
    standard_logging = StandardLogging()
    plugins = Plugins(core=(DataCentres(), standard_logging), given=given)
    config = _configured(settings, own, plugins, folder)
    standard_logging.open(config)
    try:
        return _joined(config, plugins, standard_logging)
    except BaseException:
        standard_logging.close()
        raise


def _has_hooks(store: object) -> bool:
    """Tell a store with zcrm's hooks from one with methods, without running anything of it."""
    return any(
        inspect.getattr_static(store, hook, None) is not None for hook in ("zcrm_token_store", *STORE_HOOKS)
    )


def _configured(
    settings: Mapping[str, object] | Config, own: Mapping[str, object], plugins: Plugins, folder: Path | None
) -> Config:
    if isinstance(settings, Config):
        return settings.replace(**own) if own else settings
    try:
        return Config({**settings, **own}, plugin_keys=plugins.config_keys(), folder=folder)
    except ConfigError as error:
        # A key can be unknown because the plugin that adds it did not load.
        unknown = [problem for problem in error.problems if problem.code == "ZCRM-CONFIG-002"]
        for told in {error, *unknown} if unknown else ():
            for failure in plugins.failures:
                told.why += f" {failure.what} {failure.why}"
                told.fix += f" Or, if the key is that plugin's: {failure.fix}"
        raise


def _joined(config: Config, plugins: Plugins, standard_logging: StandardLogging) -> Parts:
    log = EventLog(plugins, [value for value in map(config.get, config) if isinstance(value, Secret)])
    try:
        region = resolve(config, plugins)
        store = Store(plugins, config)
    finally:
        _tell_of_failures(plugins, log)
    chosen = store.chosen
    log.emit(
        "plugin_chosen",
        logging.INFO,
        f"tokens are kept by the store {chosen.plugin}, priority {chosen.claim.priority}: {chosen.why}",
        store=store.name,
        priority=chosen.claim.priority,
        reason=chosen.why,
    )
    api = api_url(region, config.environment)
    trusted = (region.accounts_url, api, config.file_upload_url or region.upload_url, download_url(region))
    transport = Transport(config, filter(None, trusted), log)
    accounts = Accounts(config, transport)
    homes = Homes(config, plugins, region, transport.trust)
    return Parts(
        config=config,
        plugins=plugins,
        homes=homes,
        log=log,
        logging=standard_logging,
        store=store,
        transport=transport,
        accounts=accounts,
        refresher=Refresher(accounts, store, homes, log),
        logins=Logins(),
    )


def _tell_of_failures(plugins: Plugins, log: EventLog) -> None:
    for info in (*plugins, *plugins.remarks):
        if info.error is not None:
            log.emit(
                "plugin_failed",
                logging.WARNING,
                f"{info.error.what} {info.error.why} {info.error.fix}",
                plugin=info.name,
                wheel=info.wheel,
                version=info.version,
                error=info.error.code,
            )
