"""What does zcrm offer to a program or a plugin? The public names, nothing else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_core import hookspecs
    from zcrm_core.client import Client
    from zcrm_core.config import Config
    from zcrm_core.device import DeviceLogin
    from zcrm_core.errors import (
        ApiError,
        AuthError,
        ConfigError,
        InvalidGrant,
        InvalidToken,
        NotFound,
        PartialFailure,
        PluginError,
        RateLimited,
        ReauthorizationRequired,
        RefreshThrottled,
        RefreshTimeout,
        StaleToken,
        StoreCorrupt,
        StoreError,
        StoreUnavailable,
        TransportError,
        ZcrmError,
    )
    from zcrm_core.hookspecs import LogEvent, Region, StoreAction, StoreClaim, TokenStorePlugin, hookimpl
    from zcrm_core.interrupts import ends_the_program
    from zcrm_core.token_access import TokenStatus
    from zcrm_core.tokens import Secret, Token, TokenKey

__all__ = [
    "ApiError",
    "AuthError",
    "Client",
    "Config",
    "ConfigError",
    "DeviceLogin",
    "InvalidGrant",
    "InvalidToken",
    "LogEvent",
    "NotFound",
    "PartialFailure",
    "PluginError",
    "RateLimited",
    "ReauthorizationRequired",
    "RefreshThrottled",
    "RefreshTimeout",
    "Region",
    "Secret",
    "StaleToken",
    "StoreAction",
    "StoreClaim",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "Token",
    "TokenKey",
    "TokenStatus",
    "TokenStorePlugin",
    "TransportError",
    "ZcrmError",
    "__version__",
    "ends_the_program",
    "hookimpl",
    "hookspecs",
]

_MODULES = {
    "Client": "client",
    "Config": "config",
    "DeviceLogin": "device",
    "LogEvent": "hookspecs",
    "Region": "hookspecs",
    "Secret": "tokens",
    "StoreAction": "hookspecs",
    "StoreClaim": "hookspecs",
    "Token": "tokens",
    "TokenKey": "tokens",
    "TokenStatus": "token_access",
    "TokenStorePlugin": "hookspecs",
    "ends_the_program": "interrupts",
    "hookimpl": "hookspecs",
}
"""Where the names live that are no errors; each module is imported when one of its names is first used."""

__version__: str


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - reading it costs a look at the disk

        value = version("zcrm-core")
    elif name == "hookspecs":
        return importlib.import_module("zcrm_core.hookspecs")
    else:
        value = getattr(importlib.import_module(f"zcrm_core.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
