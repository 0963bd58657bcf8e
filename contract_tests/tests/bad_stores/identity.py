"""Which stores take two users for one, or refuse users that they should take?"""

from __future__ import annotations

import fnmatch
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StaleToken, StoreUnavailable, Token, TokenKey


class _Folding(ReferenceStore):
    """A store whose files are named after a changed key."""

    def fold(self, key: TokenKey) -> TokenKey:
        """Give the key that this store takes for the key."""
        return key

    def path(self, config: Config, key: TokenKey) -> Path:
        return super().path(config, self.fold(key))

    def read(self, config: Config, key: TokenKey) -> Token | None:
        found = self.load(self.path(config, key))
        return found and found[1]


def _user(key: TokenKey, user: str) -> TokenKey:
    return replace(key, user_identifier=user or "-")


class CaseFolds(_Folding):
    """Takes users for one that differ in case only.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return _user(key, key.user_identifier.lower())


class StripsBlanks(_Folding):
    """Removes blanks at both ends of a user.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return _user(key, key.user_identifier.strip())


class PadsLikeACollation(_Folding):
    """Ignores blanks at the end of a user, as MySQL's utf8mb4_bin does.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return _user(key, key.user_identifier.rstrip(" "))


class Normalises(_Folding):
    """Takes composed and decomposed letters for the same.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return _user(key, unicodedata.normalize("NFC", key.user_identifier))


class IgnoresAccents(_Folding):
    """Takes letters with and without an accent for the same, as MySQL's default collation does.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        letters = unicodedata.normalize("NFD", key.user_identifier)
        return _user(key, "".join(each for each in letters if not unicodedata.combining(each)))


class CutsUsersAt200(_Folding):
    """Looks at the first 200 characters of a user only.

    Broken promise: TS-09
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return _user(key, key.user_identifier[:200])


class IgnoresTheClient(_Folding):
    """Has one token for a user, whichever client it is for.

    Broken promise: TS-10
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return replace(key, client_id="-")


class IgnoresTheEnvironment(_Folding):
    """Gives the sandbox's token in production.

    Broken promise: TS-10
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return replace(key, environment="production")


class DeletesByPattern(ReferenceStore):
    """Reads the user that is to be deleted as a pattern.

    Broken promise: TS-07
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        matched = [
            each
            for each in self.list(config)
            if fnmatch.fnmatchcase(each.user_identifier, key.user_identifier)
            and replace(each, user_identifier=key.user_identifier) == key
        ]
        done = [super(DeletesByPattern, self).delete(config, each) for each in matched]
        return any(done)


class DeletesTheWholeClient(ReferenceStore):
    """Deletes the tokens of all users of a client with one user's.

    Broken promise: TS-07
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        for each in list(self.list(config)):
            if each != key and each.client_id == key.client_id:
                super().delete(config, each)
        return super().delete(config, key)


class ReplacesWhatLooksTheSame(ReferenceStore):
    """Replaces the token of whoever has the same refresh token and expiry, not of the user.

    Broken promise: TS-08
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        for each in list(self.list(config)):
            other = self.fetch(config, each)
            if other is not None and other.expiry_time == token.expiry_time and each != key:
                self.delete(config, each)
        return super().save(config, key, token, replaces)


class _Database(ReferenceStore):
    """A store in SQLite whose statements are texts put together."""

    where = "user = '{user}' AND client = '{client}' AND environment = '{environment}'"

    def _statement(self, key: TokenKey) -> str:
        return self.where.format(user=key.user_identifier, client=key.client_id, environment=key.environment)

    @contextmanager
    def _opened(self, config: Config) -> Iterator[sqlite3.Connection]:
        folder = self.folder(config)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / "tokens.db", timeout=1)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS tokens (user, client, environment, token BLOB)")
            yield database
            database.commit()

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if replaces is not None and self.fetch(config, key) != replaces:
            raise StaleToken("Another token is stored.")
        with self._opened(config) as database:
            database.execute(f"DELETE FROM tokens WHERE {self._statement(key)}")  # noqa: S608 - the sin
            database.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?)",
                (key.user_identifier, key.client_id, key.environment, self.encode(key, token)),
            )
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        with self._opened(config) as database:
            row = database.execute(
                f"SELECT token FROM tokens WHERE {self._statement(key)}"  # noqa: S608 - the sin
            ).fetchone()
        return None if row is None else self.decode(row[0], self.folder(config))[1]

    def delete(self, config: Config, key: TokenKey) -> bool:
        with self._opened(config) as database:
            done = database.execute(
                f"DELETE FROM tokens WHERE {self._statement(key)}"  # noqa: S608 - the sin
            )
            return done.rowcount > 0


class ConcatenatesSql(_Database):
    """Puts users into SQL texts.

    Broken promise: TS-11
    """


class ComparesWithLike(_Database):
    """Escapes quotes, but compares users with LIKE.

    Broken promise: TS-11
    """

    where = "user LIKE '{user}' AND client = '{client}' AND environment = '{environment}'"

    def _statement(self, key: TokenKey) -> str:
        parts = (key.user_identifier, key.client_id, key.environment)
        user, client, environment = (part.replace("'", "''") for part in parts)
        return self.where.format(user=user, client=client, environment=environment)


class NamesFilesAfterUsers(ReferenceStore):
    """Makes a path of a user.

    Broken promise: TS-11
    """

    def path(self, config: Config, key: TokenKey) -> Path:
        return Path(f"{self.folder(config)}/{key.user_identifier}-{key.client_id}-{key.environment}.json")


class DemandsAnEmailAddress(ReferenceStore):
    """Takes only users that are e-mail addresses.

    Broken promise: TS-13
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if "@" not in key.user_identifier:
            raise StoreUnavailable("The user is no e-mail address.")
        return super().save(config, key, token, replaces)


class KnowsThreeBytesOnly(ReferenceStore):
    """Takes no character beyond the basic plane, as MySQL's utf8mb3 does.

    Broken promise: TS-13
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if any(each > "\uffff" for each in key.user_identifier + key.environment):
            raise StoreUnavailable("Incorrect string value.")
        return super().save(config, key, token, replaces)


class FoldsEnvironments(_Folding):
    """Takes environments for one that differ in case only.

    Broken promise: TS-10
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return replace(key, environment=key.environment.lower())


class CutsClientsAt64(_Folding):
    """Looks at the first 64 characters of a client only.

    Broken promise: TS-10
    """

    def fold(self, key: TokenKey) -> TokenKey:
        return replace(key, client_id=key.client_id[:64])


class AnswersForOtherClients(ReferenceStore):
    """Answers that it has deleted a token when another client of that user has one.

    Broken promise: TS-10
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        others = [each for each in self.list(config) if each.user_identifier == key.user_identifier]
        return super().delete(config, key) or bool(others)
