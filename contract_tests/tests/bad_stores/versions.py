"""Which stores do not get on with what another version of them has stored? With an honest one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from zcrm_contract_tests import Capabilities
from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, Token, TokenKey


class Versioned(ReferenceStore):
    """An honest store with an older and a newer version."""

    capabilities = Capabilities(migrates=True)
    honest = True

    def old_stores(self, config: Config) -> Mapping[str, Callable[[], Mapping[TokenKey, Token]]]:
        """Make the store as the first version left it: all fields in one list."""

        def first() -> Mapping[TokenKey, Token]:
            tokens = {
                TokenKey("a@example.com", "1000.A", "production"): Token(
                    "a@example.com", "access", "refresh", 1_900_000_000_001, "https://www.zohoapis.eu", "a,b"
                ),
                TokenKey("a@example.com", "1000.A", "sandbox"): Token("a@example.com", "other", None, 2),
            }
            for key, token in tokens.items():
                fields = [key.user_identifier, key.client_id, key.environment, *astuple(token)[1:]]
                self._put(config, key, {"format": 0, "fields": fields})
            return tokens

        return {"0": first}

    def newer_store(self, config: Config, key: TokenKey) -> None:
        """Make the store as a version to come will leave it."""
        self._put(config, key, {"format": 9, "sealed": "nobody knows"})

    def _put(self, config: Config, key: TokenKey, document: Mapping[str, Any]) -> None:
        import json  # noqa: PLC0415 - for this alone

        path = self.path(config, key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(json.dumps(document), encoding="utf-8")


class ForgetsAFieldOfOldVersions(Versioned):
    """Brings what an older version stored into its own form, without the scope.

    Broken promise: TS-34
    """

    honest = False

    def upgrade(self, document: dict[str, Any]) -> dict[str, Any]:
        upgraded = super().upgrade(document)
        upgraded["token"]["scope"] = None
        return upgraded


class OverwritesNewerVersions(Versioned):
    """Saves over what a newer version stored.

    Broken promise: TS-34
    """

    honest = False

    def check_place(self, path: Path) -> None:
        pass


class TakesOldVersionsForDamage(Versioned):
    """Reads nothing but its own version.

    Broken promise: TS-34
    """

    honest = False

    def upgrade(self, document: dict[str, Any]) -> dict[str, Any]:
        raise ValueError


class TakesNewerVersionsForNothing(Versioned):
    """Answers that there is no token when a newer version stored one.

    Broken promise: TS-34
    """

    honest = False

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        with suppress(FileNotFoundError):
            if b'"format": 9' in path.read_bytes():
                return None
        return super().load(path)


class MigratesOverTheHeads(Versioned):
    """Removes what an older version stored, and puts its own in place a moment later.

    Broken promise: TS-34
    """

    honest = False

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        found = super().fetch(config, key)
        path = self.path(config, key)
        with suppress(FileNotFoundError):
            if found is not None and path.read_bytes().startswith(b'{"format": 0'):
                path.unlink(missing_ok=True)
                time.sleep(0.2)  # long enough for another process to look, however busy the machine is
                self.save(config, key, found, None)
        return found
