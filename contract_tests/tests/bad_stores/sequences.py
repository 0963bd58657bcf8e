"""Which stores are right in every single call, and wrong in a row of them?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, Token, TokenKey


class RemembersAbsence(ReferenceStore):
    """Once it has found no token of a user, it looks again only after it has saved one itself.

    Broken promise: TS-48
    """

    def __init__(self) -> None:
        self._absent: set[Path] = set()

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        path = self.path(config, key)
        if path in self._absent:
            return None
        found = super().fetch(config, key)
        if found is None:
            self._absent.add(path)
        return found

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        self._absent.discard(self.path(config, key))
        return True


class RemembersItsList(ReferenceStore):
    """Lists again what it has listed before, until it has changed something itself.

    Broken promise: TS-48
    """

    def __init__(self) -> None:
        self._listed: dict[Path, list[TokenKey]] = {}

    def list(self, config: Config) -> Iterator[TokenKey]:
        folder = self.folder(config)
        if folder not in self._listed:
            self._listed[folder] = [*super().list(config)]
        yield from self._listed[folder]

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._listed.pop(self.folder(config), None)
        return super().save(config, key, token, replaces)

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._listed.pop(self.folder(config), None)
        return super().delete(config, key)
