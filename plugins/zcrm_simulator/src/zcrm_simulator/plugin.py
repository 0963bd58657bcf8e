"""Where does zcrm send its calls when the configuration names the region "simulator"?

This module is imported by every program that uses zcrm and has the simulator installed, so it imports
nothing of the simulator itself but the table of places and the check of the address.
"""

from __future__ import annotations

from zcrm_core import Config, ConfigError, Region, hookimpl
from zcrm_simulator.loopback import is_loopback_url
from zcrm_simulator.places import DATA_CENTERS, ENVIRONMENTS, Place

_REGIONS = {"simulator" if name == DATA_CENTERS[0] else f"simulator-{name}": name for name in DATA_CENTERS}


@hookimpl
def zcrm_config_keys() -> dict[str, str]:
    """Name the key that says where the simulator listens."""
    return {"simulator_url": "where zcrm-simulator listens: a plain http URL on a loopback address"}


@hookimpl
def zcrm_choose_region(config: Config) -> Region | None:
    """Answer for the regions ``simulator`` and ``simulator-eu``, ``simulator-in`` ... and for no other.

    Raises:
        ConfigError: ``simulator_url`` is missing or not a plain http URL on a loopback address.
    """
    region = config.region or ""
    data_center = _REGIONS.get(region)
    if data_center is None:
        return None
    url = _loopback_url(config.get("simulator_url"))
    production, sandbox, developer = (url + Place(data_center, name).prefix for name in ENVIRONMENTS)
    return Region(
        name=region,
        accounts_url=production,
        api_url=production,
        sandbox_url=sandbox,
        developer_url=developer,
        upload_url=production,
    )


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
