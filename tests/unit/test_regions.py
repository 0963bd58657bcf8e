"""Does a configuration reach the data centre and environment that it names, and no other?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zcrm_core import AuthError, Config, ConfigError, PluginError, Region, Token, hookimpl
from zcrm_core.homes import Homes
from zcrm_core.plugins import Plugins
from zcrm_core.regions import (
    DATA_CENTRES,
    DataCentres,
    addresses,
    api_url,
    data_centre_of,
    download_url,
    resolve,
)

BASE = {"client_id": "1000.A", "client_secret": "s"}
PLUGINS = Plugins(core=[DataCentres()], installed=[])
HOSTS = {
    "us": ("accounts.zoho.com", "zohoapis.com"),
    "eu": ("accounts.zoho.eu", "zohoapis.eu"),
    "in": ("accounts.zoho.in", "zohoapis.in"),
    "au": ("accounts.zoho.com.au", "zohoapis.com.au"),
    "cn": ("accounts.zoho.com.cn", "zohoapis.com.cn"),
    "jp": ("accounts.zoho.jp", "zohoapis.jp"),
    "ca": ("accounts.zohocloud.ca", "zohoapis.ca"),
    "sa": ("accounts.zoho.sa", "zohoapis.sa"),
    "uk": ("accounts.zoho.uk", "zohoapis.uk"),
    "ae": ("accounts.zoho.ae", "zohoapis.ae"),
}
PREFIXES = {"production": "www", "sandbox": "sandbox", "developer": "developer"}


def resolved(**keys: object) -> Region:
    """The region of a configuration with these keys."""
    return resolve(Config({**BASE, **keys}), PLUGINS)


@pytest.mark.parametrize("environment", PREFIXES)
@pytest.mark.parametrize("name", HOSTS)
def test_every_data_centre_has_its_hosts(name: str, environment: str) -> None:
    """The region alone decides the accounts host, and with the environment the API host."""
    region = resolved(region=name, environment=environment)
    accounts, api = HOSTS[name]

    assert region.accounts_url == f"https://{accounts}"
    assert api_url(region, environment) == f"https://{PREFIXES[environment]}.{api}"


def test_the_table_is_complete() -> None:
    """No data centre is missing here or there."""
    assert set(DATA_CENTRES) == set(HOSTS)


@pytest.mark.parametrize("name", HOSTS)
def test_an_address_tells_its_data_centre(name: str) -> None:
    """Without a region, either address of a data centre is enough, with or without scheme and slash."""
    region = DATA_CENTRES[name]

    assert resolved(accounts_url=region.accounts_url + "/") == region
    assert resolved(api_base_url=region.api_url.removeprefix("https://")) == region
    assert resolved(api_base_url=region.api_url, accounts_url=region.accounts_url, region=name) == region
    assert data_centre_of(region.sandbox_url) == region


def test_nothing_given_is_the_united_states() -> None:
    """Zoho's own default holds when neither a region nor an address is given."""
    assert resolved() == DATA_CENTRES["us"]


@pytest.mark.parametrize(
    "keys",
    [
        {"region": "us", "api_base_url": "https://www.zohoapis.eu"},
        {"region": "us", "accounts_url": "https://accounts.zoho.eu"},
        {"accounts_url": "https://accounts.zoho.eu", "api_base_url": "https://www.zohoapis.com"},
        {"region": "eu", "api_base_url": "https://zohoapis.eu"},
        {"region": "eu", "api_base_url": "https://wwwx.zohoapis.eu"},
        {"region": "eu", "api_base_url": "https://sandbox.zohoapis.eu"},
        {"api_base_url": "https://sandbox.zohoapis.eu"},
        {"environment": "developer", "api_base_url": "https://sandbox.zohoapis.eu"},
        {"region": "eu", "file_upload_url": "https://content.zohoapis.com"},
        {"region": "us", "api_base_url": "https://gateway.example"},
        {"api_base_url": "https://gateway.example"},
        {"accounts_url": "https://gateway.example"},
        {"sandbox": "true", "accounts_url": "https://a.example", "api_base_url": "https://b.example"},
    ],
)
def test_addresses_that_contradict_are_refused(keys: dict[str, object]) -> None:
    """An address of another data centre or environment, or one that cannot be mapped, is an error."""
    with pytest.raises(ConfigError) as caught:
        resolved(**keys)

    assert caught.value.code == "ZCRM-CONFIG-009"


def test_the_sandbox_switch_works_with_the_production_address() -> None:
    """A configuration as Zoho's SDKs have it, the production address and a switch, reaches the sandbox."""
    config = Config({**BASE, "api_base_url": "https://www.zohoapis.eu", "sandbox": "TRUE"})

    assert api_url(resolve(config, PLUGINS), config.environment) == "https://sandbox.zohoapis.eu"


def test_own_servers_need_both_addresses() -> None:
    """Servers that are not Zoho's are taken as given, for production."""
    region = resolved(accounts_url="http://localhost:1", api_base_url="https://gateway.example/zoho")

    assert (region.name, region.api_url) == ("custom", "https://gateway.example/zoho")


def test_an_unknown_region_is_named_with_the_nearest() -> None:
    """A misspelt region is an error that offers one."""
    with pytest.raises(ConfigError, match="Did you mean") as caught:
        resolved(region="euu")

    assert caught.value.code == "ZCRM-CONFIG-008"


class Gateway:
    """A region plugin."""

    @hookimpl
    def zcrm_choose_region(self, config: Config) -> Region | None:
        """Answer for its own name only."""
        if config.region != "gateway":
            return None
        return Region("gateway", *[f"https://{part}.example" for part in ("acc", "api", "sand", "dev", "up")])


def test_a_plugin_adds_a_region_and_leaves_the_others() -> None:
    """A plugin's answer comes before the core's; where it answers None the core's holds."""
    plugins = Plugins(core=[DataCentres()], given=[Gateway()], installed=[])
    gateway = resolve(Config({**BASE, "region": "gateway", "environment": "sandbox"}), plugins)

    assert api_url(gateway, "sandbox") == "https://sand.example"
    assert resolve(Config({**BASE, "region": "eu"}), plugins) == DATA_CENTRES["eu"]
    with pytest.raises(ConfigError, match="contradicts"):
        resolve(Config({**BASE, "region": "gateway", "api_base_url": "https://www.zohoapis.com"}), plugins)


def test_nonsense_for_a_region_is_an_error() -> None:
    """A plugin that answers with something else than a Region is named as the culprit's kind."""

    class Odd:
        @hookimpl
        def zcrm_choose_region(self, config: Config) -> str:
            return "https://somewhere.example"

    with pytest.raises(PluginError, match="str instead of a Region"):
        resolve(Config(BASE), Plugins(core=[DataCentres()], given=[Odd()], installed=[]))


@pytest.mark.parametrize(
    "address", ["http://api.example", "https://api.example/", "ftp://x", "", "https://u:p@x"]
)
def test_a_plugin_s_addresses_are_held_to_the_same_rules(address: str) -> None:
    """A region plugin cannot send tokens over plain http, or to something that is no address."""

    class Careless:
        @hookimpl
        def zcrm_choose_region(self) -> Region:
            return Region("careless", "https://accounts.example", address, *["https://x.example"] * 3)

    with pytest.raises(PluginError, match="careless"):
        resolve(Config(BASE), Plugins(core=[DataCentres()], given=[Careless()], installed=[]))


@pytest.mark.parametrize("name", DATA_CENTRES)
def test_results_of_bulk_writes_come_from_the_data_centre_s_own_host(name: str) -> None:
    """Each data centre has a host for downloads beside its accounts server; other regions have none."""
    host = download_url(DATA_CENTRES[name])

    assert host is not None
    assert host == DATA_CENTRES[name].accounts_url.replace("accounts", "download-accl")
    own = Region("mine", *["https://gateway.example"] * 5)
    assert download_url(own) is None


def in_front_of_eu() -> tuple[Region, Plugins, Config]:
    """Servers in front of the data centre eu that go by its name, and a configuration that leads to them."""

    class InFront:
        @hookimpl
        def zcrm_choose_region(self, config: Config) -> Region | None:
            return gateway if config.region == "eu" else None

    gateway = Region("eu", *["https://gateway.example"] * 5)
    plugins = Plugins(core=[DataCentres()], given=[InFront()], installed=[])
    return gateway, plugins, Config({**BASE, "region": "eu"})


def test_servers_in_front_of_a_data_centre_may_go_by_its_name() -> None:
    """A gateway is told from the data centre behind it by its addresses, so the secret stays there."""
    gateway, plugins, config = in_front_of_eu()
    trusted: list[str] = []
    homes = Homes(config, plugins, resolve(config, plugins), trusted.extend)

    for name in ("eu", "us"):
        token = Token("u", "access", None, 7, api_domain=DATA_CENTRES[name].api_url)
        assert homes.of_accounts(DATA_CENTRES[name].accounts_url) is gateway
        assert homes.of(token) is gateway
    assert trusted == []
    assert download_url(gateway) is None


def test_a_token_of_another_data_centre_widens_nothing_where_a_region_is_named() -> None:
    """It is an error, and afterwards a token may still go to the named region's servers only."""
    plugins = Plugins(core=[DataCentres()], given=[], installed=[])
    config = Config({**BASE, "region": "eu"})
    trusted: list[str] = []
    homes = Homes(config, plugins, resolve(config, plugins), trusted.extend)

    for _ in range(2):
        with pytest.raises(AuthError) as caught:
            homes.of(Token("u", "access", None, 7, api_domain=DATA_CENTRES["us"].api_url))
        assert caught.value.code == "ZCRM-AUTH-012"

    assert trusted == []


@pytest.mark.parametrize(
    "led",
    [
        lambda homes: homes.of_accounts(DATA_CENTRES["in"].accounts_url),
        lambda homes: homes.of(Token("u", "access", None, 7, api_domain=DATA_CENTRES["in"].api_url)),
    ],
    ids=["by a redirect", "by a token"],
)
def test_where_a_login_leads_a_token_may_be_sent(led: Callable[[Homes], Region]) -> None:
    """Without a region in the configuration the servers of the user's own data centre may see the token."""
    plugins = Plugins(core=[DataCentres()], given=[], installed=[])
    config = Config(BASE)
    trusted: list[str] = []
    homes = Homes(config, plugins, resolve(config, plugins), trusted.extend)

    assert led(homes) is DATA_CENTRES["in"]
    assert trusted == list(addresses(DATA_CENTRES["in"]))


@pytest.mark.parametrize("region", ["eu", None])
@pytest.mark.parametrize("domain", ["https://nobody.example", "no address"])
def test_a_stored_address_that_no_region_has_leads_nowhere(region: str | None, domain: str) -> None:
    """Others write into the store too: such a token is used where the client calls anyhow."""
    plugins = Plugins(core=[DataCentres()], given=[], installed=[])
    config = Config({**BASE, "region": region})
    trusted: list[str] = []
    homes = Homes(config, plugins, resolve(config, plugins), trusted.extend)

    assert homes.of(Token("u", "access", None, 7, api_domain=domain)) is homes.default
    assert domain not in trusted


def test_a_plugin_that_knows_every_address_does_not_vouch_for_one() -> None:
    """What it answers must have the address that was asked about; else forged redirects would be believed."""

    class Eager:
        @hookimpl
        def zcrm_choose_region(self, config: Config) -> Region | None:
            return gateway

    gateway = Region("mine", *["https://gateway.example"] * 5)
    plugins = Plugins(core=[DataCentres()], given=[Eager()], installed=[])
    config = Config(BASE)
    trusted: list[str] = []
    homes = Homes(config, plugins, DATA_CENTRES["eu"], trusted.extend)

    with pytest.raises(AuthError) as caught:
        homes.of_accounts("https://accounts.evil.example")

    assert caught.value.code == "ZCRM-AUTH-017"
    assert homes.api_domain("https://api.evil.example", gateway) == gateway.api_url
    assert trusted == []


ENVIRONMENTS = ["production", "sandbox", "developer"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", ["eu", "in"])
@pytest.mark.parametrize("region", ["eu", None])
def test_only_the_address_of_another_environment_is_refused(
    region: str | None, name: str, environment: str
) -> None:
    """Each data centre's sandbox and developer addresses say what a token is for; production's do not."""
    plugins = Plugins(core=[DataCentres()], given=[], installed=[])
    config = Config({**BASE, "region": region, "environment": environment})
    homes = Homes(config, plugins, resolve(config, plugins), lambda _: None)
    centre = DATA_CENTRES[name]
    named = zip(ENVIRONMENTS, (centre.api_url, centre.sandbox_url, centre.developer_url), strict=True)

    homes.refuse_another_environment(None)
    homes.refuse_another_environment("https://nobody.example")
    for other, address in named:
        for domain in (address, f"{address}/", address.upper()):
            if other in ("production", environment):
                homes.refuse_another_environment(domain)
            else:
                with pytest.raises(AuthError, match=f"{other}, and the client calls {environment}") as caught:
                    homes.refuse_another_environment(domain)
                assert caught.value.code == "ZCRM-AUTH-021"


def test_what_a_gateway_hands_out_is_for_its_own_environment() -> None:
    """Servers in front of Zoho's, and those with one address for all environments, refuse no token."""
    gateway, plugins, config = in_front_of_eu()
    homes = Homes(config, plugins, resolve(config, plugins), lambda _: None)

    for domain in (DATA_CENTRES["eu"].sandbox_url, DATA_CENTRES["us"].developer_url, gateway.sandbox_url):
        assert homes.api_domain(domain, gateway) == domain
        homes.refuse_another_environment(domain)


def test_a_plugin_that_fails_at_an_address_loses_no_token() -> None:
    """The address that came with a new token is not kept then, and the login is made."""

    class Failing:
        @hookimpl
        def zcrm_choose_region(self, config: Config) -> Region | None:
            if config.api_base_url is not None:
                raise OSError
            return None

    plugins = Plugins(core=[DataCentres()], given=[Failing()], installed=[])
    config = Config({**BASE, "region": "eu"})
    homes = Homes(config, plugins, resolve(config, plugins), lambda _: None)

    assert homes.api_domain("https://evil.example", homes.default) is None
    assert homes.api_domain("https://www.zohoapis.in", DATA_CENTRES["in"]) == "https://www.zohoapis.in"
    homes.refuse_another_environment("https://sandbox.zohoapis.in")
