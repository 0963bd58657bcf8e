"""Can any mixture of region, environment and addresses reach a place that the configuration does not mean?"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import Config, ConfigError, PluginError, Region, hookimpl
from zcrm_core.plugins import Plugins
from zcrm_core.regions import DATA_CENTRES, DataCentres, api_url, data_centre_of, resolve

BASE = {"client_id": "1000.A", "client_secret": "s"}
PLUGINS = Plugins(core=[DataCentres()], installed=[])
ENVIRONMENTS = ("production", "sandbox", "developer")
ADDRESSES = sorted(
    {
        address
        for region in DATA_CENTRES.values()
        for address in (region.accounts_url, region.api_url, region.sandbox_url, region.developer_url)
    }
)
SPELLINGS = ["{}", "{}/", "{}:443", "{}:443/"]


def reached(**keys: object) -> tuple[str, str]:
    """The accounts server and the API that a configuration leads to."""
    config = Config({**BASE, **keys})
    region = resolve(config, PLUGINS)
    return region.accounts_url, api_url(region, config.environment)


def spelled(address: str) -> list[str]:
    """The ways to write an address, with and without scheme, port, slash and capitals."""
    ways = [way.format(address) for way in SPELLINGS]
    return [*ways, *(way.removeprefix("https://") for way in ways), address.upper()]


def hosts(name: str, environment: str) -> tuple[str, str]:
    """The servers of one data centre and environment."""
    return DATA_CENTRES[name].accounts_url, api_url(DATA_CENTRES[name], environment)


def test_no_two_places_share_an_address() -> None:
    """Every data centre and environment has a host of its own, so that an address tells which it is."""
    apis = [hosts(name, environment)[1] for name in DATA_CENTRES for environment in ENVIRONMENTS]

    assert len(set(apis)) == len(apis)
    assert len({region.accounts_url for region in DATA_CENTRES.values()}) == len(DATA_CENTRES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", DATA_CENTRES)
def test_the_right_addresses_change_nothing(name: str, environment: str) -> None:
    """However its addresses are written, a data centre with them is the data centre without them."""
    accounts, api = hosts(name, environment)

    for one, other in itertools.zip_longest(spelled(accounts), spelled(api)):
        for keys in (
            {"accounts_url": one},
            {"api_base_url": other},
            {"accounts_url": one, "api_base_url": other},
            {"region": name, "accounts_url": one, "api_base_url": other},
        ):
            assert reached(environment=environment, **keys) == (accounts, api)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", DATA_CENTRES)
def test_every_address_of_another_place_is_refused(name: str, environment: str) -> None:
    """With a region named, an address of any other data centre or environment makes no client."""
    accounts, api = hosts(name, environment)
    production = DATA_CENTRES[name].api_url  # Zoho's SDKs give it together with a switch

    for address in set(ADDRESSES) - {accounts}:
        with pytest.raises(ConfigError, match="accounts_url"):
            reached(region=name, environment=environment, accounts_url=address)
    for address in set(ADDRESSES) - {api, production}:
        with pytest.raises(ConfigError, match="api_base_url"):
            reached(region=name, environment=environment, api_base_url=address)


WRITTEN = [way.format(address) for address in ADDRESSES for way in SPELLINGS]


@given(
    st.fixed_dictionaries(
        {"sandbox": st.sampled_from([True, "true", "TRUE", "True", " true", "1", 1, "yes", "YES"])},
        optional={
            "region": st.sampled_from([*DATA_CENTRES, "EU", " us "]),
            "environment": st.sampled_from(["sandbox", "Sandbox"]),
            "accounts_url": st.sampled_from(WRITTEN),
            "api_base_url": st.sampled_from([*WRITTEN, "https://zohoapis.com", "www.zohoapis.com."]),
        },
    )
)
def test_the_sandbox_reaches_a_sandbox_or_nothing(keys: dict[str, object]) -> None:
    """Whatever else is configured, sandbox leads to a sandbox host of Zoho's or to an error."""
    try:
        found = reached(**keys)
    except ConfigError as error:
        assert error.code == "ZCRM-CONFIG-009"  # noqa: PT017 - either may come
        return

    assert found in {hosts(name, "sandbox") for name in DATA_CENTRES}


@pytest.mark.parametrize(
    "address", ["https://zohoapis.eu", "https://www.zohoapis.eu.", "https://www.zohoapis.eu.evil.example"]
)
@pytest.mark.parametrize("environment", ["sandbox", "developer"])
def test_a_host_that_only_looks_like_zoho_s_gets_no_sandbox(address: str, environment: str) -> None:
    """A name near Zoho's is nobody's known server, so it is never taken for a sandbox."""
    keys = {"accounts_url": "https://accounts.example", "api_base_url": address, "environment": environment}

    assert data_centre_of(address) is None
    with pytest.raises(ConfigError, match="no known address for the environment"):
        reached(**keys)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_servers_on_this_machine_are_every_environment(environment: str) -> None:
    """A simulator on a loopback address can stand for any environment."""
    keys = {"accounts_url": "http://localhost:1", "api_base_url": "http://[::1]:2/zoho/"}

    assert reached(environment=environment, **keys) == ("http://localhost:1", "http://[::1]:2/zoho")


@pytest.mark.parametrize("key", ["accounts_url", "api_base_url"])
def test_one_foreign_address_asks_for_the_other(key: str) -> None:
    """Half of a gateway is refused with the name of the key that is missing."""
    other = {"accounts_url": "api_base_url", "api_base_url": "accounts_url"}[key]

    with pytest.raises(ConfigError, match=f"{other} is missing"):
        reached(**{key: "https://gateway.example"})


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("uss", "us"), ("eu1", "eu"), (" EUU ", "eu"), ("simulater", None), ("germany", None)],
)
def test_an_unknown_region_offers_the_nearest_if_there_is_one(given: str, nearest: str | None) -> None:
    """The error names what was given and every data centre, and guesses only what is near."""
    with pytest.raises(ConfigError, match=f"There is no region {given.strip().lower()}") as caught:
        reached(region=given)

    assert (f"Did you mean {nearest}?" == caught.value.fix) is (nearest is not None)
    assert all(name in caught.value.why for name in DATA_CENTRES)


class Elsewhere:
    """A region plugin that answers every configuration."""

    def __init__(self, *addresses: str) -> None:
        self.region = Region("elsewhere", *(addresses or [f"https://{part}.example" for part in "abcde"]))

    @hookimpl
    def zcrm_choose_region(self, config: Config) -> Region:
        """Answer."""
        return self.region


@pytest.mark.parametrize("region", [None, "us", "eu", "no such region"])
def test_a_region_plugin_that_answers_always_wins(region: str | None) -> None:
    """The core's data centres are asked only when no plugin answers."""
    plugins = Plugins(core=[DataCentres()], given=[Elsewhere()], installed=[])
    config = Config({**BASE, "region": region, "sandbox": "yes"})

    assert api_url(resolve(config, plugins), config.environment) == "https://c.example"


def test_an_address_must_agree_with_a_plugin_s_region_too() -> None:
    """A token for a plugin's region never goes to a data centre of Zoho's that was given beside it."""
    plugins = Plugins(core=[DataCentres()], given=[Elsewhere()], installed=[])

    with pytest.raises(ConfigError, match="belongs to eu"):
        resolve(Config({**BASE, "accounts_url": "https://accounts.zoho.eu"}), plugins)


def test_a_refused_address_of_a_plugin_shows_no_password() -> None:
    """The error about a region plugin's address leaves out who is named in it."""
    plugins = Plugins(given=[Elsewhere(*["https://me:s3cr3t@a.example"] * 5)], installed=[])

    with pytest.raises(PluginError, match=r"a\.example") as caught:
        resolve(Config(BASE), plugins)

    assert "s3cr3t" not in str(caught.value)
