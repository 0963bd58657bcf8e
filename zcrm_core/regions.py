"""Where do Zoho's servers live: in which data centre, and in which environment?"""

from __future__ import annotations

import difflib
from typing import Final
from urllib.parse import urlsplit

from zcrm_core.config import Config
from zcrm_core.config_keys import is_loopback
from zcrm_core.errors import ConfigError
from zcrm_core.hookspecs import Region, hookimpl
from zcrm_core.plugins import Plugins

__all__ = [
    "DATA_CENTRES",
    "DataCentres",
    "addresses",
    "api_url",
    "data_centre_of",
    "download_url",
    "is_data_centre",
    "resolve",
]


def _data_centre(name: str, accounts: str, suffix: str, upload: str | None = None) -> Region:
    return Region(
        name=name,
        accounts_url=f"https://{accounts}",
        api_url=f"https://www.zohoapis.{suffix}",
        sandbox_url=f"https://sandbox.zohoapis.{suffix}",
        developer_url=f"https://developer.zohoapis.{suffix}",
        upload_url=f"https://{upload or f'content.zohoapis.{suffix}'}",
    )


DATA_CENTRES: Final = {
    region.name: region
    for region in (
        _data_centre("us", "accounts.zoho.com", "com"),
        _data_centre("eu", "accounts.zoho.eu", "eu"),
        _data_centre("in", "accounts.zoho.in", "in"),
        _data_centre("au", "accounts.zoho.com.au", "com.au"),
        _data_centre("cn", "accounts.zoho.com.cn", "com.cn"),
        _data_centre("jp", "accounts.zoho.jp", "jp"),
        _data_centre("ca", "accounts.zohocloud.ca", "ca", "upload.zohocloud.ca"),
        _data_centre("sa", "accounts.zoho.sa", "sa", "files.zoho.sa"),
        _data_centre("uk", "accounts.zoho.uk", "uk"),
        # Zoho's CRM pages do not list the Emirates yet; its other products use these hosts.
        _data_centre("ae", "accounts.zoho.ae", "ae"),
    )
}
"""Zoho's data centres (Zoho CRM API v8, multi-DC page, and the accounts server's own list)."""


class DataCentres:
    """The core's own ``zcrm_choose_region``: Zoho's data centres, asked after every plugin."""

    @hookimpl(trylast=True)
    def zcrm_choose_region(self, config: Config) -> Region | None:
        """Find the data centre by its name, else by the addresses given; the United States when none is."""
        if config.region is not None:
            return DATA_CENTRES.get(config.region)
        given = [url for url in (config.accounts_url, config.api_base_url) if url is not None]
        known = [region for region in map(data_centre_of, given) if region is not None]
        if known:
            return known[0]
        return _own_servers(config) if given else DATA_CENTRES["us"]


def data_centre_of(url: str) -> Region | None:
    """Tell which of Zoho's data centres an address belongs to, if any."""
    return next((region for region in DATA_CENTRES.values() if url in addresses(region)), None)


def is_data_centre(region: Region) -> bool:
    """Tell whether a region is one of Zoho's own: servers in front of Zoho's may go by the same name."""
    return DATA_CENTRES.get(region.name) == region


def download_url(region: Region) -> str | None:
    """Give the host from which a data centre of Zoho's sends the results of bulk writes.

    It stands in answers alone, such as ``https://download-accl.zoho.in``; regions of one's own have none.
    """
    if not is_data_centre(region):
        return None
    return region.accounts_url.replace("https://accounts.", "https://download-accl.")


def api_url(region: Region, environment: str) -> str:
    """Give the address of the CRM API for ``production``, ``sandbox`` or ``developer``."""
    return {"sandbox": region.sandbox_url, "developer": region.developer_url}.get(environment, region.api_url)


def resolve(config: Config, plugins: Plugins) -> Region:
    """Find the region of a configuration, and refuse addresses that contradict it.

    Raises:
        ConfigError: no such region, or one of the three addresses given is not its own.
        PluginError: a plugin's region has an address that no token may be sent to.
    """
    region = plugins.choose_region(config)
    if region is None:
        names = ", ".join(DATA_CENTRES)
        nearest = difflib.get_close_matches(config.region or "", DATA_CENTRES, n=1)
        raise ConfigError(
            f"There is no region {config.region}.",
            why=f"Zoho's data centres are {names}; no installed plugin adds this one."
            + "".join(f" {failure.what} {failure.why}" for failure in plugins.failures),
            fix=(f"Did you mean {nearest[0]}?" if nearest else "Correct region, or install what adds it.")
            + "".join(f" Or, if the region is that plugin's: {each.fix}" for each in plugins.failures),
            code="ZCRM-CONFIG-008",
        )
    _agree("accounts_url", config.accounts_url, (region.accounts_url,), region)
    # Zoho's own SDKs are given the production address and a switch, so that address stands for the region.
    wanted = (api_url(region, config.environment), region.api_url)
    _agree("api_base_url", config.api_base_url, wanted, region, config.environment)
    _agree("file_upload_url", config.file_upload_url, (region.upload_url,), region)
    return region


def _agree(
    key: str, given: str | None, wanted: tuple[str, ...], region: Region, environment: str = ""
) -> None:
    if given is None or given in wanted:
        return
    owner = data_centre_of(given)
    if owner is None:
        whose = "is not one of Zoho's"
    elif owner.name != region.name:
        whose = f"belongs to {owner.name}"
    else:
        whose = f"belongs to another environment than {environment}"
    raise ConfigError(
        f"{key} = {given} contradicts the region {region.name}: it {whose}.",
        why="A token of one data centre or environment is not valid in another, and must not be sent there.",
        fix=f"Remove {key}, or set it to {wanted[0]}, or correct region and environment.",
        code="ZCRM-CONFIG-009",
    )


def _own_servers(config: Config) -> Region:
    """Take servers that are not Zoho's, such as a gateway: both addresses, and for production only."""
    accounts, api = config.accounts_url, config.api_base_url
    if accounts is None or api is None:
        given, missing = (
            ("api_base_url", "accounts_url") if accounts is None else ("accounts_url", "api_base_url")
        )
        raise ConfigError(
            f"{given} is not an address of Zoho's, and {missing} is missing.",
            why="Outside Zoho's data centres zcrm cannot work out one address from the other.",
            fix=f"Set {missing} as well, or correct {given}, or set region instead of both.",
            code="ZCRM-CONFIG-009",
        )
    if config.environment != "production" and not is_loopback(urlsplit(api).hostname or ""):
        raise ConfigError(
            f"There is no known address for the environment {config.environment} of {api}.",
            why="Calls meant for the sandbox must never reach production, so zcrm does not guess.",
            fix="Write a region plugin that names the addresses, or use one of Zoho's regions.",
            code="ZCRM-CONFIG-009",
        )
    return Region("custom", accounts, api, api, api, config.file_upload_url or api)


def addresses(region: Region) -> tuple[str, ...]:
    """Give every address of a region, that of its files included."""
    known = (region.accounts_url, region.api_url, region.sandbox_url, region.developer_url, region.upload_url)
    download = download_url(region)
    return known if download is None else (*known, download)
