"""Where does zcrm find Zoho? Behind a gateway of our own, when the configuration names one."""

from __future__ import annotations

from zcrm_core import Config, Region, hookimpl

_KEY = "acme_gateway_url"


@hookimpl
def zcrm_config_keys() -> dict[str, str]:
    """Name the key that switches the gateway on."""
    return {_KEY: "the address of the gateway in front of Zoho, such as https://gateway.acme.example/zoho"}


@hookimpl
def zcrm_choose_region(config: Config) -> Region | None:
    """Answer with the gateway's addresses, or leave the choice to others where no gateway is named."""
    if _KEY not in config:
        return None
    data_centre = config.region or "us"
    gateway = f"{str(config.get(_KEY)).rstrip('/')}/{data_centre}"
    return Region(
        name=f"acme-gateway-{data_centre}",
        accounts_url=f"{gateway}/accounts",
        api_url=f"{gateway}/production",
        sandbox_url=f"{gateway}/sandbox",
        developer_url=f"{gateway}/developer",
        upload_url=f"{gateway}/upload",
    )
