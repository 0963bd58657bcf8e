"""How are tokens saved to, fetched from and deleted from the token file?"""

from __future__ import annotations

import errno
import hashlib
import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

from zcrm_core import RefreshTimeout, StaleToken, StoreUnavailable, Token, TokenKey
from zcrm_store_file.atomic import replace_file
from zcrm_store_file.document import (
    compose,
    damage,
    find_line,
    first_damage,
    locate,
    reading,
    salvage,
    splice,
    split_lines,
)
from zcrm_store_file.failures import refused, unavailable
from zcrm_store_file.lines import KEY_END, decode, decode_key, encode, encode_damaged, line_start
from zcrm_store_file.locks import FileLock
from zcrm_store_file.place import Place, find_place, make_folders
from zcrm_store_file.tokenfile import MAX_BYTES, open_token_file

__all__ = ["FileStore"]

_WRITE_WAIT: Final = 30.0
"""How long a save or delete waits for the others to finish, in seconds; each takes some milliseconds."""


class FileStore:
    """The tokens in one file. It keeps nothing in memory: any thread and any process sees the same.

    Every method raises :class:`StoreUnavailable` when the operating system refuses, :class:`StoreCorrupt`
    when the file is damaged or not zcrm's, and :class:`StoreError` when others could read or change it.

    Args:
        path: the folder of ``zcrm_oauthtokens.txt``, or the path of the file itself.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none. Nothing is locked, made or cached."""
        try:
            place = find_place(self._path)
            if place is None:
                return None
            with closing(place):
                file = open_token_file(place)
                if file is None:
                    return None
                with closing(file):
                    line = find_line(file.read, file.size, line_start(key), file.path)
        except OSError as error:
            raise unavailable(self._path, "read", error) from error
        return None if line is None else decode(line, key, place.path)

    def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> None:
        """Save a token, durably. A damaged file is repaired; a copy of it as it was is kept beside it.

        Args:
            key: whose it is; the core has checked that it is the token's own user.
            token: the token.
            replaces: the token that must still be stored, or ``None`` to save whatever is there.

        Raises:
            StaleToken: ``replaces`` is not what is stored; nothing was changed.
        """
        try:
            place = find_place(self._path)
            if place is None and replaces is not None:
                raise _stale(key)
            with closing(place or self._make_place()) as place, _write_lock(place):
                data = _content(place)
                if replaces is not None and _stored(data, key, place.path) != replaces:
                    raise _stale(key)
                _write(place, _with_line(place, data, encode(key, token)))
        except OSError as error:
            raise unavailable(self._path, "written", error) from error

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key, durably; answer whether one was there. If not, nothing is written."""
        try:
            place = find_place(self._path)
            if place is None:
                return False
            with closing(place):
                if _content(place) is None:
                    return False
                with _write_lock(place):
                    data = _content(place)
                    return data is not None and _delete_line(place, data, line_start(key))
        except OSError as error:
            raise unavailable(self._path, "written", error) from error

    def stored_keys(self) -> list[TokenKey]:
        """Give the keys that have a token, in the order of the file."""
        try:
            place = find_place(self._path)
            if place is None:
                return []
            with closing(place):
                data = _content(place)
        except OSError as error:
            raise unavailable(self._path, "read", error) from error
        if data is None:
            return []
        _require_sound(data, place.path)
        keys = (decode_key(line, place.path) for line in split_lines(data))
        return [key for key in keys if key is not None]

    @contextmanager
    def lock(self, key: TokenKey, wait: float) -> Iterator[None]:
        """Hold the refresh lock of a key: one holder among all processes that use the file.

        Args:
            key: whose token is to be refreshed.
            wait: how long to wait for the lock, in seconds.

        Raises:
            RefreshTimeout: somebody else held it all the time.
        """
        with closing(self._refresh_lock(key, wait)):
            yield

    def _refresh_lock(self, key: TokenKey, wait: float) -> FileLock:
        try:
            with closing(find_place(self._path) or self._make_place()) as place:
                folder = place.open_locks_folder()
                name = f"{key.digest().hex()}.lock"
                try:
                    lock = FileLock(folder, name, f"{place.locks_path}/{name}")
                finally:
                    os.close(folder)
            try:
                if lock.acquire(wait):
                    lock.sign()
                    return lock
                holder = lock.holder()
            except BaseException:
                lock.close()
                raise
            lock.close()
        except OSError as error:
            raise unavailable(self._path, "locked", error) from error
        raise RefreshTimeout(
            f"The token of {key} is being refreshed elsewhere, and that did not end within {wait:g} s.",
            why=f"The refresh lock is held by {holder}.",
        )

    def _make_place(self) -> Place:
        make_folders(self._path)
        place = find_place(self._path)
        if place is None:  # removed again in between
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return place


@contextmanager
def _write_lock(place: Place) -> Iterator[None]:
    with closing(FileLock(place.folder, f"{place.name}.lock", f"{place.path}.lock")) as lock:
        if not lock.acquire(_WRITE_WAIT):
            raise StoreUnavailable(
                f"The token file {place.path} cannot be written: another process has kept it locked for "
                f"{_WRITE_WAIT:g} s.",
                why="A process that saves or deletes tokens in this file is stopped or hangs.",
                fix=f"Find it (fuser {place.path}.lock), let it go on or end it, and call again.",
                code="ZCRM-FILE-009",
            )
        yield


def _content(place: Place) -> bytes | None:
    file = open_token_file(place)
    if file is None:
        return None
    with closing(file):
        return file.read(0, file.size)


def _stored(data: bytes | None, key: TokenKey, path: str) -> Token | None:
    if data is None:
        return None
    line = find_line(reading(data), len(data), line_start(key), path)
    return None if line is None else decode(line, key, path)


def _with_line(place: Place, data: bytes | None, line: bytes) -> Sequence[bytes | memoryview]:
    if data is None:
        return compose([line])
    span = locate(reading(data), len(data), line[:KEY_END])
    if span is not None:
        return splice(data, span, line)
    if first_damage(data) is None:
        lines = split_lines(data)
        at = len(data) - sum(map(len, lines[bisect_left(lines, line) :]))
        return splice(data, (at, at), line)
    # Named after its content, so that a repair that was killed and done again leaves one copy, not two.
    copy = f"{place.name}.damaged-{hashlib.sha256(data).hexdigest()[:12]}"
    replace_file(place.folder, copy, [data])
    kept = salvage(data) | {line[:KEY_END]: line}
    return compose([kept[start] or encode_damaged(start) for start in sorted(kept)])


def _delete_line(place: Place, data: bytes, start: bytes) -> bool:
    span = locate(reading(data), len(data), start)
    if span is None:
        _require_sound(data, place.path)
        return False
    _write(place, splice(data, span, b""))
    return True


def _write(place: Place, parts: Sequence[bytes | memoryview]) -> None:
    size = sum(map(len, parts))
    if size > MAX_BYTES:
        raise refused(
            f"The token file {place.path} would grow to {size} bytes; the limit is {MAX_BYTES}.",
            "A token file is read as a whole when it is checked or changed.",
            "Use the MySQL store.",
            "ZCRM-FILE-010",
        )
    replace_file(place.folder, place.name, parts)


def _require_sound(data: bytes, path: str) -> None:
    error = damage(data, path)
    if error is not None:
        raise error


def _stale(key: TokenKey) -> StaleToken:
    return StaleToken(f"The stored token of {key} is not the one to be replaced.")
