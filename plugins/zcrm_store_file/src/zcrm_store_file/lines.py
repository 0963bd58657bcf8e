r"""How is one user's token written as one line, and is a given line still as it was written?

A line is a JSON document that starts with the digest of its key and its own checksum::

    {"digest":"<32 hex>","crc32":"<8 hex>","user":"...","client":"...","environment":"...",...}\n

The checksum covers everything before and after itself, the line feed included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from zlib import crc32

from zcrm_core import InvalidToken, Token, TokenKey
from zcrm_store_file.failures import damaged

__all__ = ["KEY_END", "decode", "decode_key", "encode", "encode_damaged", "is_intact", "line_start"]

_START: Final = b'{"digest":"'
_CHECK: Final = b'","crc32":"'
KEY_END: Final = len(_START) + 32
"""Where the digest ends: two lines are of the same key when they agree up to here."""
_REST: Final = KEY_END + len(_CHECK) + 8


def line_start(key: TokenKey) -> bytes:
    """Give the bytes, ``KEY_END`` in number, that every line of this key starts with, and no other's.

    Half of the digest's bytes keep the lines short; the full key is in the line and is compared as well.
    """
    return _START + key.digest()[:16].hex().encode()


def encode(key: TokenKey, token: Token) -> bytes:
    """Write a token as a line; fields that are ``None`` are left out."""
    fields = {
        "user": key.user_identifier,
        "client": key.client_id,
        "environment": key.environment,
        "access": token.access_token,
        "refresh": token.refresh_token,
        "expiry": token.expiry_time,
        "domain": token.api_domain,
        "scope": token.scope,
    }
    return _line(line_start(key), {name: value for name, value in fields.items() if value is not None})


def encode_damaged(start: bytes) -> bytes:
    """Write a line that stands for a damaged one, so that its user is told and not taken for a new one."""
    return _line(start, {"damaged": True})


def is_intact(line: bytes) -> bool:
    """Tell whether a line is, byte for byte, as it was written."""
    return line[KEY_END:_REST] == b"%b%08x" % (_CHECK, crc32(line[_REST:], crc32(line[:KEY_END])))


def decode(line: bytes, key: TokenKey, path: str) -> Token:
    """Read the token of a key from its intact line.

    Raises:
        StoreCorrupt: the line holds no token, or another user's.
    """
    fields = _fields(line)
    if (fields.get("user"), fields.get("client"), fields.get("environment")) == (
        key.user_identifier,
        key.client_id,
        key.environment,
    ):
        token = _token(fields)
        if token is not None:
            return token
    if "damaged" in fields:
        error = damaged(
            path, f"The line of {key} was damaged; a copy of the whole file as it was lies beside it."
        )
        error.repaired_by_saving = True
        raise error
    raise damaged(path, f"The line of {key} does not hold a token of that user.")


def decode_key(line: bytes, path: str) -> TokenKey | None:
    """Read whose token an intact line holds; ``None`` when it stands for a damaged one.

    Raises:
        StoreCorrupt: the line names nobody.
    """
    fields = _fields(line)
    if "damaged" in fields:
        return None
    try:
        return TokenKey(fields["user"], fields["client"], fields["environment"])  # type: ignore[arg-type]  # it checks
    except (KeyError, InvalidToken):
        pass
    raise damaged(path, "A line names no user.")


def _line(start: bytes, fields: Mapping[str, object]) -> bytes:
    rest = b'",%b\n' % json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()[1:]
    return b"%b%b%08x%b" % (start, _CHECK, crc32(rest, crc32(start)), rest)


# The two functions below give None or nothing instead of raising: a JSON or Unicode error carries the
# document with it, even as the hidden context of another error, and the document holds tokens.


def _fields(line: bytes) -> Mapping[str, object]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _token(fields: Mapping[str, object]) -> Token | None:
    try:
        return Token(
            fields["user"],  # type: ignore[arg-type]  # Token itself checks the types
            fields["access"],  # type: ignore[arg-type]
            fields.get("refresh"),  # type: ignore[arg-type]
            fields["expiry"],  # type: ignore[arg-type]
            fields.get("domain"),  # type: ignore[arg-type]
            fields.get("scope"),  # type: ignore[arg-type]
        )
    except (KeyError, InvalidToken):
        return None
