"""Which stores give back something else than what was saved?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from zcrm_contract_tests.reference import ReferenceStore, make_folders
from zcrm_core import Config, StaleToken, StoreUnavailable, Token, TokenKey


class _Changing(ReferenceStore):
    """A store that changes a token before it saves it."""

    def changed(self, token: Token) -> Token:
        """Give what is saved instead."""
        return token

    def encode(self, key: TokenKey, token: Token) -> bytes:
        return super().encode(key, self.changed(token))


class NeverSaves(ReferenceStore):
    """Says that it has saved, and has not.

    Broken promise: TS-01
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True


class NeverDeletes(ReferenceStore):
    """Says that it has deleted, and has not.

    Broken promise: TS-01
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        return super().fetch(config, key) is not None


class ChangesLineEnds(_Changing):
    """Turns line ends in a token into its own, as a text file does.

    Broken promise: TS-02
    """

    def changed(self, token: Token) -> Token:
        return replace(token, access_token=token.access_token.replace("\r\n", "\n"))


class EndsTextsAtNul(_Changing):
    """Cuts a text at the first NUL, as a program in C does.

    Broken promise: TS-02
    """

    def changed(self, token: Token) -> Token:
        return replace(token, access_token=token.access_token.partition("\0")[0])


class ReadsNumbers(ReferenceStore):
    """Reads a token of digits as a number.

    Broken promise: TS-02
    """

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        key, token = super().decode(content, path)
        if token.access_token.isdecimal():
            token = replace(token, access_token=str(int(token.access_token)))
        return key, token


class DropsTheScope(_Changing):
    """Keeps the fields that it knows, and the scope is not one of them.

    Broken promise: TS-03
    """

    def changed(self, token: Token) -> Token:
        return replace(token, scope=None)


class TakesEmptyForAbsent(_Changing):
    """Makes an empty text an absent one.

    Broken promise: TS-03
    """

    def changed(self, token: Token) -> Token:
        return replace(token, api_domain=token.api_domain or None)


class CreatesOnRead(ReferenceStore):
    """Makes a file when a user is looked for.

    Broken promise: TS-04
    """

    def read(self, config: Config, key: TokenKey) -> Token | None:
        found = super().read(config, key)
        if found is None and self.folder(config).is_dir():
            self.path(config, key).with_suffix(".known").touch(0o600)
        return found


class RaisesWhenThereIsNone(ReferenceStore):
    """Raises when a user has no token.

    Broken promise: TS-04
    """

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        found = super().fetch(config, key)
        if found is None and any(self.list(config)):
            raise StoreUnavailable(f"There is no token of {key}.")
        return found


class MergesFields(ReferenceStore):
    """Keeps the old value of a field that the new token does not have.

    Broken promise: TS-05
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        old = self.fetch(config, key)
        if old is not None:
            had = {name: value for name, value in asdict(token).items() if value is None}
            token = replace(token, **{name: getattr(old, name) for name in had})
        return super().save(config, key, token, replaces)


class FailsToDeleteTwice(ReferenceStore):
    """Raises when a token that is deleted is not there.

    Broken promise: TS-06
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        if not super().delete(config, key):
            raise StoreUnavailable(f"There is no token of {key}.")
        return True


class DeletesWhatIsNotThere(ReferenceStore):
    """Answers that it has deleted whether it has or not.

    Broken promise: TS-06
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        super().delete(config, key)
        return True


class CutsLongTexts(_Changing):
    """Cuts a text at 65,535 bytes without a word, as a TEXT column does.

    Broken promise: TS-12
    """

    def changed(self, token: Token) -> Token:
        return replace(token, access_token=token.access_token[:65_535])


class HasColumnsOf1000(ReferenceStore):
    """Refuses a token of more than 1,000 characters although it promises full lengths.

    Broken promise: TS-12
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if len(token.access_token) > 1000:
            raise StoreUnavailable("Data too long for column 'access_token'.")
        return super().save(config, key, token, replaces)


class CountsSeconds(_Changing):
    """Keeps the expiry in whole seconds.

    Broken promise: TS-14
    """

    def changed(self, token: Token) -> Token:
        return replace(token, expiry_time=token.expiry_time // 1000 * 1000)


class CountsSecondsIn32Bits(_Changing):
    """Keeps the expiry in a number that ends in 2038.

    Broken promise: TS-14
    """

    def changed(self, token: Token) -> Token:
        seconds, rest = divmod(token.expiry_time, 1000)
        return replace(token, expiry_time=min(seconds, 2**31 - 1) * 1000 + rest)


class KeepsLocalTime(ReferenceStore):
    """Keeps the expiry as the time on the wall.

    Broken promise: TS-14
    """

    def encode(self, key: TokenKey, token: Token) -> bytes:
        document: dict[str, Any] = json.loads(super().encode(key, token))
        if token.expiry_time < 2**31 * 1000:
            seconds, rest = divmod(token.expiry_time, 1000)
            # The wall clock of this moment, without a word on the time zone.
            document["wall"] = [datetime.fromtimestamp(seconds).isoformat(), rest]  # noqa: DTZ006 - the sin
        return json.dumps(document).encode()

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        key, token = super().decode(content, path)
        wall, rest = json.loads(content).get("wall", (None, 0))
        if wall is not None:
            seconds = int(datetime.fromisoformat(wall).timestamp())  # a naive one: in this process's zone
            token = replace(token, expiry_time=max(0, seconds * 1000 + rest))
        return key, token


class SharesItsObjects(ReferenceStore):
    """Gives every caller the one object that it keeps.

    Broken promise: TS-15
    """

    def __init__(self) -> None:
        self._kept: dict[Path, Token] = {}

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        self._kept[self.path(config, key)] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self._kept.get(self.path(config, key)) or super().fetch(config, key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._kept.pop(self.path(config, key), None)
        return super().delete(config, key)


class LosesTheRefreshToken(ReferenceStore):
    """Keeps no refresh token of a refresh, because Zoho's answer has none.

    Broken promise: TS-16
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if replaces is not None and replaces.refresh_token == token.refresh_token:
            super().save(config, key, replace(token, refresh_token=None), replaces)
            return True
        return super().save(config, key, token, replaces)


class ComparesAccessTokensOnly(ReferenceStore):
    """Takes tokens for the same that differ in something else than the access token.

    Broken promise: TS-17
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        stored = self.fetch(config, key)
        if stored is not None and replaces is not None and stored.access_token == replaces.access_token:
            replaces = stored
        return super().save(config, key, token, replaces)


class RefusesTooLate(ReferenceStore):
    """Refuses to replace another token after it has replaced it.

    Broken promise: TS-17
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        stored = self.fetch(config, key)
        super().save(config, key, token, None)
        if replaces is not None and stored != replaces:
            raise StaleToken(f"The token of {key} was another one.")
        return True


class AnswersNothing(ReferenceStore):
    """Answers a save with None, so that the next store is asked.

    Broken promise: TS-18
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        return None  # type: ignore[return-value]  # the sin


class CountsRows(ReferenceStore):
    """Answers a delete with a number.

    Broken promise: TS-18
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        return int(super().delete(config, key))  # type: ignore[return-value]  # the sin


class ListsWhatIsDeleted(ReferenceStore):
    """Lists users whose token was deleted.

    Broken promise: TS-19
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        path = self.path(config, key)
        gone = path.read_bytes() if path.exists() else b""
        if gone:
            path.with_suffix(".deleted").write_bytes(gone)
        return super().delete(config, key)

    def list(self, config: Config) -> Iterator[TokenKey]:
        yield from super().list(config)
        for path in self.folder(config).glob("*.deleted"):
            yield self.decode(path.read_bytes(), path)[0]


class ListsTwice(ReferenceStore):
    """Lists a user once for each save.

    Broken promise: TS-19
    """

    def list(self, config: Config) -> Iterator[TokenKey]:
        for key in super().list(config):
            yield key
            yield key


class ListsOnePage(ReferenceStore):
    """Lists the first four users, as a server that answers page by page does.

    Broken promise: TS-19
    """

    def list(self, config: Config) -> Iterator[TokenKey]:
        yield from islice(super().list(config), 4)


class ListsUsersOnly(ReferenceStore):
    """Lists every user as one of production.

    Broken promise: TS-19
    """

    def list(self, config: Config) -> Iterator[TokenKey]:
        seen = {replace(key, environment="production") for key in super().list(config)}
        yield from seen


class MakesItsFolderOnRead(ReferenceStore):
    """Makes its folder when a user is looked for.

    Broken promise: TS-04
    """

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        make_folders(self.folder(config))
        return super().fetch(config, key)


class EndsTheProgram(ReferenceStore):
    """Ends the program instead of saving.

    Broken promise: TS-01
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        sys.exit(0)
