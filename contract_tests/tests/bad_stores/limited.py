"""Which stores promise less than others, and break even that?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from typing import Literal

from zcrm_contract_tests import Capabilities
from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StoreError, Token, TokenKey


class FourValues(ReferenceStore):
    """An honest store of one token a user: Zoho's four values only, each of up to 100 characters."""

    capabilities = Capabilities(full_lengths=False, keeps_all_fields=False, separates_clients=False)
    honest = True
    widest = 100

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        kept = self.kept(token)
        if any(isinstance(each, str) and len(each) > self.widest for each in astuple(kept)):
            raise StoreError("A value does not fit into its column.")
        return super().save(config, _of_user(key), kept, replaces and self.kept(replaces))

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return super().fetch(config, _of_user(key))

    def delete(self, config: Config, key: TokenKey) -> bool:
        return super().delete(config, _of_user(key))

    def list(self, config: Config) -> Iterator[TokenKey]:
        for key in super().list(config):
            yield TokenKey(key.user_identifier, config.client_id, config.environment)

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with super().lock(config, _of_user(key), wait):
            yield

    def kept(self, token: Token) -> Token:
        """Give what the four columns hold of a token."""
        return replace(token, api_domain=None, scope=None)


def _of_user(key: TokenKey) -> TokenKey:
    """Give the one key that a user has here."""
    return TokenKey(key.user_identifier, "anybody", "production")


class CutsWhatIsTooLong(FourValues):
    """Cuts a value at 100 characters although it says that it refuses what does not fit.

    Broken promise: TS-12
    """

    def kept(self, token: Token) -> Token:
        return replace(super().kept(token), access_token=token.access_token[: self.widest])


class RefusesWhatFits(FourValues):
    """Refuses a value of 51 characters although it says that 100 fit.

    Broken promise: TS-12
    """

    widest = 50


class MixesUpItsColumns(FourValues):
    """Takes the shorter of a token's two secrets for the access token.

    Broken promise: TS-02
    """

    def kept(self, token: Token) -> Token:
        shorter, longer = sorted((token.access_token, token.refresh_token or token.access_token), key=len)
        return replace(super().kept(token), access_token=shorter, refresh_token=longer)


class GivesAScopeAllTheSame(FourValues):
    """Gives back a scope although it says that it keeps none.

    Broken promise: TS-02
    """

    def kept(self, token: Token) -> Token:
        return replace(super().kept(token), scope=token.scope and token.scope[:50])


class ComparesWhatItDoesNotKeep(FourValues):
    """Refuses to replace a token by its whole self, of which it keeps four values.

    Broken promise: TS-17
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return ReferenceStore.save(self, config, _of_user(key), self.kept(token), replaces)
