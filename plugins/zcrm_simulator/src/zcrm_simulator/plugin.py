"""Where does zcrm send its calls when the configuration names the region "simulator"?

This module is imported by every program that uses zcrm and has the simulator installed, so it imports
nothing of the simulator itself but the table of places and the check of the address.
"""

from __future__ import annotations

from zcrm_core import Config, ConfigError, Region, hookimpl
from zcrm_simulator.loopback import is_loopback_url
from zcrm_simulator.places import DATA_CENTERS, ENVIRONMENTS, Place, split_path

_REGIONS = {"simulator" if name == DATA_CENTERS[0] else f"simulator-{name}": name for name in DATA_CENTERS}


@hookimpl
def zcrm_config_keys() -> dict[str, str]:
    """Name the key that says where the simulator listens."""
    return {"simulator_url": "where zcrm-simulator listens: a plain http URL on a loopback address"}


@hookimpl
def zcrm_choose_region(config: Config) -> Region | None:
    """Answer for the regions ``simulator``, ``simulator-eu``, ``simulator-in`` ..., and for no other region.

    Where no region is named, ``simulator_url`` does it, or the address of one of its data centres.

    Raises:
        ConfigError: ``simulator_url`` is missing or not a plain http URL on a loopback address.
    """
    data_center = _REGIONS.get(config.region or "")
    if data_center is None and (config.region is not None or config.get("simulator_url") is None):
        return None
    url = _loopback_url(config.get("simulator_url"))
    if data_center is None:
        data_center = _data_center_at(config.accounts_url or config.api_base_url or url, url)
        if data_center is None:
            return None
    production, sandbox, developer = (url + Place(data_center, name).prefix for name in ENVIRONMENTS)
    return Region(
        name=next(name for name, known in _REGIONS.items() if known == data_center),
        accounts_url=production,
        api_url=production,
        sandbox_url=sandbox,
        developer_url=developer,
        upload_url=production,
    )


def _data_center_at(address: str, url: str) -> str | None:
    """Return the data centre that an address of this simulator belongs to; ``None`` if it is not one."""
    head, _, path = address.partition(url)
    if head or not address.startswith(url) or path[:1] not in {"", "/"}:
        return None
    place, rest = split_path(path)
    return place.data_center if rest == "/" else None


def _loopback_url(given: object) -> str:
    if not given:
        raise ConfigError(
            "The region simulator needs the key simulator_url.",
            why="Only whoever started the simulator knows its port.",
            fix="Set simulator_url to Simulator().url, for example http://127.0.0.1:8421.",
            code="ZCRM-CONFIG-003",
        )
    if not is_loopback_url(str(given)):
        raise ConfigError(
            "simulator_url is not a plain http URL on a loopback address.",
            why="The simulator serves its own machine alone, so any other address is a mistake.",
            fix="Use what Simulator().url says, for example http://127.0.0.1:8421.",
            code="ZCRM-CONFIG-004",
        )
    return str(given).rstrip("/")
