"""Which stores show tokens, or trust what others can plant?"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StaleToken, StoreCorrupt, StoreUnavailable, Token, TokenKey

_LOG = logging.getLogger("bad_store")


class TellsTheTokenInAnError(ReferenceStore):
    """Says in an error which token it found.

    Broken promise: TS-20
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        stored = self.fetch(config, key)
        if replaces is not None and stored != replaces:
            raise StaleToken(f"The stored token is {stored and stored.access_token}.")
        return super().save(config, key, token, replaces)


class TellsTheTokenInACause(ReferenceStore):
    """Raises an error whose cause has the token among its arguments.

    Broken promise: TS-20
    """

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        try:
            return super().decode(content, path)
        except StoreCorrupt:
            raise StoreCorrupt(f"The token file {path} cannot be read.") from ValueError(content)


class LogsTheToken(ReferenceStore):
    """Logs every token at DEBUG.

    Broken promise: TS-20
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        _LOG.debug("saving %s", token.refresh_token)
        return super().save(config, key, token, replaces)


class WarnsOfTheToken(ReferenceStore):
    """Warns that a token is overwritten, and says which.

    Broken promise: TS-20
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        stored = self.fetch(config, key)
        if stored is not None:
            warnings.warn(f"{stored.access_token} is overwritten", stacklevel=2)
        return super().save(config, key, token, replaces)


class PrintsTheToken(ReferenceStore):
    """Prints every token that it fetches, as a line for debugging that was forgotten.

    Broken promise: TS-20
    """

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        found = super().fetch(config, key)
        if found is not None:
            sys.stderr.write(f"fetched {found.access_token}\n")
        return found


class LeavesModesToTheUmask(ReferenceStore):
    """Makes its files as the umask lets it.

    Broken promise: TS-21
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        self.path(config, key).write_bytes(content)


class ClosesTheFileAfterwards(ReferenceStore):
    """Makes a file that others can read, and takes that right away once the token is in it.

    Broken promise: TS-21
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        new = path.with_suffix(".new")
        new.write_bytes(content)
        new.chmod(0o600)
        new.replace(path)


class KeepsTheModesItFinds(ReferenceStore):
    """Gives a new file the right mode, and leaves the mode of a file that was there before.

    Broken promise: TS-21
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        if not path.exists():
            super().write(config, key, content)
        else:
            path.write_bytes(content)


class OpensItsFolder(ReferenceStore):
    """Makes a folder that others can look into.

    Broken promise: TS-21
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        folder = self.folder(config)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        return super().save(config, key, token, replaces)


class FollowsLinks(ReferenceStore):
    """Reads and writes through a link in the place of its file.

    Broken promise: TS-22
    """

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        try:
            return self.decode(path.read_bytes(), path)
        except FileNotFoundError:
            return None

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        path.touch(0o600)
        path.write_bytes(content)


class WaitsForAPipe(ReferenceStore):
    """Opens whatever is there, and waits if that is a pipe.

    Broken promise: TS-22
    """

    patience = 0.5

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        if path.is_fifo():
            path.read_bytes()
        return super().load(path)


class TakesDamageForNothing(ReferenceStore):
    """Answers that there is no token when it cannot read it.

    Broken promise: TS-23
    """

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        with suppress(StoreCorrupt):
            return super().fetch(config, key)
        return None


class DeletesWhatIsDamaged(ReferenceStore):
    """Deletes a file that it cannot read.

    Broken promise: TS-23
    """

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        try:
            return super().load(path)
        except StoreCorrupt:
            path.unlink()
            raise


class RaisesWhateverTheParserRaises(ReferenceStore):
    """Lets the parser's own errors out.

    Broken promise: TS-23
    """

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        document = json.loads(content)
        if not isinstance(document, dict):  # a TypeError would look like a fault of this example
            raise ValueError("not an object")
        return TokenKey(**document["key"]), Token(**document["token"])


class DoesNotSayWhere(ReferenceStore):
    """Says that something cannot be read, and not what.

    Broken promise: TS-23
    """

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        try:
            return super().decode(content, path)
        except StoreCorrupt:
            raise StoreCorrupt("The token cannot be read.") from None


class BelievesTheFileName(ReferenceStore):
    """Never looks whose token is in a user's file.

    Broken promise: TS-23
    """

    def read(self, config: Config, key: TokenKey) -> Token | None:
        found = self.load(self.path(config, key))
        return found and found[1]


class WritesPastPythonsFiles(ReferenceStore):
    """Writes every token to the terminal, past Python's own files.

    Broken promise: TS-20
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        os.write(2, f"saving {token.access_token}\n".encode())
        return super().save(config, key, token, replaces)


class TellsTheTokenWhenTheDiskFails(ReferenceStore):
    """Says in the error about a full disk what it could not write.

    Broken promise: TS-20
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        try:
            super().write(config, key, content)
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{content!r} was not written.") from error


class TellsMostOfTheToken(ReferenceStore):
    """Logs all of a token but its last character.

    Broken promise: TS-20
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        _LOG.info("saving %s...", token.access_token[:-1])
        return super().save(config, key, token, replaces)


class ListsWithTheTokens(ReferenceStore):
    """Logs every token when it lists the users.

    Broken promise: TS-20
    """

    def list(self, config: Config) -> Iterator[TokenKey]:
        for key in super().list(config):
            _LOG.debug("found %s", self.fetch(config, key) and self.path(config, key).read_text())
            yield key


class LocksInTheOpen(ReferenceStore):
    """Makes a lock file that everybody can read.

    Broken promise: TS-21
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with super().lock(config, key, wait):
            self.path(config, key).with_suffix(".lock").chmod(0o644)
            yield


class MakesParentsAsTheUmaskLikes(ReferenceStore):
    """Makes its own folder closed, and those above it as the umask lets it.

    Broken promise: TS-21
    """

    @contextmanager
    def opened_lock(self, config: Config, name: str) -> Iterator[int]:
        self.folder(config).mkdir(mode=0o700, parents=True, exist_ok=True)
        with super().opened_lock(config, name) as descriptor:
            yield descriptor


class EmptiesWhatItDeletes(ReferenceStore):
    """Writes over a file before it deletes it, wherever a link leads.

    Broken promise: TS-22
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        path = self.path(config, key)
        if path.is_file():
            path.write_bytes(bytes(path.stat().st_size))
        return super().delete(config, key)


class TakesAFolderForNothing(ReferenceStore):
    """Answers that there is no token where a folder is in the place of its file.

    Broken promise: TS-22
    """

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        return None if path.is_dir() else super().load(path)


class TrustsStrangersFiles(ReferenceStore):
    """Reads a file whoever it belongs to.

    Broken promise: TS-22
    """

    needs_root = True

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        if path.is_file() and not path.is_symlink():
            return self.decode(path.read_bytes(), path)
        return super().load(path)


class SaysThatItMends(ReferenceStore):
    """Says that it has saved over damaged content, and has left it as it is.

    Broken promise: TS-23
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        try:
            self.read(config, key)
        except StoreCorrupt:
            return True
        return super().save(config, key, token, replaces)


class DeletesWithTheParsersErrors(ReferenceStore):
    """Reads a token before it deletes it, and lets the parser's own errors out.

    Broken promise: TS-23
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        path = self.path(config, key)
        if path.exists():
            json.loads(path.read_bytes())
        return super().delete(config, key)


class ReplacesWhatItCannotRead(ReferenceStore):
    """Takes damaged content for the token that was to be replaced.

    Broken promise: TS-23
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        try:
            self.read(config, key)
        except StoreCorrupt:
            replaces = None
        return super().save(config, key, token, replaces)
