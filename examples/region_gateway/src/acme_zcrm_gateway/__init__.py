"""Where does zcrm find Zoho? Behind a gateway of our own, when the configuration names one."""

from __future__ import annotations

from zcrm_core import Config, ConfigError, Region, hookimpl

_KEY = "acme_gateway_url"
_DATA_CENTRES = ("us", "eu", "in", "au", "cn", "jp", "ca", "sa", "uk", "ae")
"""The data centres that the gateway has a path for."""


@hookimpl
def zcrm_config_keys() -> dict[str, str]:
    """Name the key that switches the gateway on."""
    return {_KEY: "the address of the gateway in front of Zoho, such as https://gateway.acme.example/zoho"}


@hookimpl
def zcrm_choose_region(config: Config) -> Region | None:
    """Answer with the gateway's addresses, or leave the choice to others where no gateway is named.

    Raises:
        ConfigError: the address is none, or the gateway does not lead to the region.
    """
    if _KEY not in config:
        return None
    url = config.get(_KEY)
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ConfigError(
            f"The key {_KEY} is not an address.",
            why="It says where the gateway in front of Zoho is.",
            fix=f"Set {_KEY} to an address such as https://gateway.acme.example/zoho, or take it out.",
            code="ZCRM-CONFIG-004",
        )
    data_centre = config.region or "us"
    if data_centre not in _DATA_CENTRES:
        raise ConfigError(
            f"The gateway does not lead to the region {data_centre}.",
            why=f"{_KEY} is set, so every call goes through the gateway.",
            fix=f"Set region to one of {', '.join(_DATA_CENTRES)}, or take {_KEY} out.",
            code="ZCRM-CONFIG-008",
        )
    gateway = f"{url.rstrip('/')}/{data_centre}"
    return Region(
        name=f"acme-gateway-{data_centre}",
        accounts_url=f"{gateway}/accounts",
        api_url=f"{gateway}/production",
        sandbox_url=f"{gateway}/sandbox",
        developer_url=f"{gateway}/developer",
        upload_url=f"{gateway}/upload",
    )
