"""In which region does a token live, and whose server may a login be finished at?

The configuration names one region, or none. When it names none, a login decides: Zoho says with the token
where its API is, and the token goes there. When it names one, a token of another is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from zcrm_core.config import Config
from zcrm_core.config_keys import service_url
from zcrm_core.errors import AuthError, ConfigError, PluginError
from zcrm_core.hookspecs import Region
from zcrm_core.plugins import Plugins
from zcrm_core.regions import addresses, api_url, data_centre_of, is_data_centre
from zcrm_core.tokens import Token

__all__ = ["Homes"]

_NAMING_KEYS: Final = ("region", "accounts_url", "api_base_url")


class Homes:
    """The regions that the tokens of one client family live in.

    Args:
        config: whether it names a region.
        plugins: whose ``zcrm_choose_region`` tells which region an address belongs to.
        region: the region in force.
        trust: is told the addresses of a further region before a token is sent there.
    """

    def __init__(
        self, config: Config, plugins: Plugins, region: Region, trust: Callable[[Iterable[str]], None]
    ) -> None:
        self.default = region
        self._config = config
        self._plugins = plugins
        self._trust = trust
        self._named = any(key in config for key in _NAMING_KEYS)
        self._known: dict[str, Region] = {}

    def of(self, token: Token) -> Region:
        """Give the region that a token lives in.

        Raises:
            AuthError: the configuration names another one.
        """
        domain = token.api_domain
        if domain is None:
            return self.default
        home = self._known.get(domain)
        if home is None:
            home = self._found(domain)
            if not self._named:
                self._trust(addresses(home))
            self._known[domain] = home  # last: whoever finds it here sends a token there at once
        if home is not self.default and self._named:
            raise AuthError(
                f"The token belongs to the data centre {home.name}, "
                f"and the client calls {self.default.name}.",
                why=f"Zoho issued it for {domain}; no other data centre knows it.",
                fix=f"Set region = {home.name}, or leave region out, or log in again with a client of "
                f"{self.default.name}.",
                code="ZCRM-AUTH-012",
            )
        return home

    def _found(self, domain: str) -> Region:
        found = self._region_with("api_base_url", domain)
        if found is None or found.name == self.default.name:
            return self.default
        # Servers in front of Zoho's hand out tokens that name Zoho's own, and are to be called all the same.
        return self.default if is_data_centre(found) and self._in_front_of_zoho else found

    @property
    def _in_front_of_zoho(self) -> bool:
        return not is_data_centre(self.default)

    def api_domain(self, named: str | None, issuer: Region) -> str | None:
        """Give the API host to keep with a token, so that it is refreshed where it was issued.

        An address that no region has is never kept: others that read the store would send tokens there.

        Args:
            named: what the answer names, if anything.
            issuer: the region whose accounts server answered.
        """
        if named is not None and self._known_region(named) is not None:
            return named
        return None if issuer is self.default else issuer.api_url

    def refuse_another_environment(self, domain: str | None) -> None:
        """Refuse a token that Zoho says is for an environment that the client does not call.

        Zoho may name its production address with a token for a sandbox, so that address is always right.
        So is what servers in front of Zoho's hand out with it: they alone know where it leads.

        Raises:
            AuthError: the token is for another environment.
        """
        home = None if domain is None else self._known_region(domain)
        if domain is None or home is None or (is_data_centre(home) and self._in_front_of_zoho):
            return
        address, wanted = service_url(domain), self._config.environment
        if address in (home.api_url, api_url(home, wanted)):
            return
        found = "sandbox" if address == home.sandbox_url else "developer"
        raise AuthError(
            f"The token is for the environment {found}, and the client calls {wanted}.",
            why=f"Zoho issued it for {domain}; {wanted} does not take it. Nothing was saved.",
            fix=f'Set environment = "{found}" and log in again; or log in again and choose {wanted} on '
            "Zoho's page or in its API console.",
            code="ZCRM-AUTH-021",
        )

    def _known_region(self, domain: str) -> Region | None:
        try:
            return self._region_with("api_base_url", domain)
        except PluginError:  # it vouches for nothing, and the token that came with the address is not lost
            return None

    def of_accounts(self, url: str) -> Region:
        """Give the region of an accounts server that a redirect or Zoho names.

        The client's secret is going to be sent there, so no other server will do than a known region's; and
        with servers of one's own in front of Zoho's, none of Zoho's: the answer names them all the same.

        Raises:
            AuthError: no region has this server.
        """
        if self._in_front_of_zoho and _is_zohos(url):
            return self.default
        home = self._region_with("accounts_url", url)
        if home is None:
            raise AuthError(
                "The answer names an accounts server that belongs to no known region.",
                why="The client secret would be sent there, and the answer may be forged.",
                fix="Log in again; for servers of your own, install the plugin that adds their region.",
                code="ZCRM-AUTH-017",
            )
        self._trust(addresses(home))
        return home

    def _region_with(self, key: str, url: str) -> Region | None:
        """Find the region that has an address; the one in force comes first."""
        try:
            address = service_url(url)
        except ValueError:
            return None
        if address in _addresses_for(self.default, key):
            return self.default
        nothing: dict[str, object] = dict.fromkeys((*_NAMING_KEYS, "file_upload_url"))
        try:
            found = self._plugins.choose_region(self._config.replace(**{**nothing, key: address}))
        except ConfigError:  # an address that nobody knows is no configuration either
            return None
        except PluginError as error:
            if isinstance(error.__cause__, ConfigError):  # a plugin says the same of what nobody configured
                return None
            raise
        return found if found is not None and address in _addresses_for(found, key) else None


def _addresses_for(region: Region, key: str) -> tuple[str, ...]:
    if key == "accounts_url":
        return (region.accounts_url,)
    return (region.api_url, region.sandbox_url, region.developer_url)


def _is_zohos(url: str) -> bool:
    try:
        return data_centre_of(service_url(url)) is not None
    except ValueError:
        return False
