"""Was this file written by another program, or by a newer zcrm, so that it must be left as it is?"""

from __future__ import annotations

import json
import re
from typing import Final

from zcrm_core import StoreCorrupt

__all__ = ["FORMAT", "VERSION", "refuse_foreign"]

FORMAT: Final = "zcrm-oauthtokens"
VERSION: Final = 1

_OURS: Final = b'{"format":"%b","version":%d,' % (FORMAT.encode(), VERSION)

_ZOHO: Final = (
    ("Zoho's Ruby SDK (Marshal)", re.compile(rb"\x04\x08")),
    ("Zoho's Python SDK (pickle)", re.compile(rb"\x80")),
    ("Zoho's PHP SDK (serialize)", re.compile(rb"[aOCs]:\d+:[{\"]")),
    (
        "a newer SDK of Zoho's (CSV)",
        re.compile(rb"(?:\xef\xbb\xbf)?[\w\", ]*\baccess_token\b[\w\", ]*(?:[\r\n]|$)"),
    ),
)


def refuse_foreign(head: bytes, path: str) -> None:
    """Let the start of a token file pass unless another program or a newer zcrm wrote it.

    Nothing is loaded: a Marshal, pickle or serialize file can run code when it is.

    Args:
        head: the first bytes of the file, its first line at least.
        path: the file's path, for the message.

    Raises:
        StoreCorrupt: it is such a file.
    """
    if head.startswith(_OURS):
        return
    for writer, pattern in _ZOHO:
        if pattern.match(head):
            raise StoreCorrupt(
                f"The file {path} was written by {writer}, not by zcrm.",
                why="Loading such a file can run code that somebody put into it, so zcrm never loads one.",
                fix=f"Move it away (mv {path} {path}.zoho) and log in again with `zcrm login`.",
                code="ZCRM-FILE-003",
            )
    version = _version(head)
    if version is not None and version > VERSION:
        raise StoreCorrupt(
            f"The token file {path} has the format version {version}; this zcrm knows {VERSION}.",
            why="A newer zcrm wrote it, and reading or changing it could lose what is new in it.",
            fix="Update zcrm-store-file, or set token_persistence_path to another file.",
            code="ZCRM-FILE-002",
        )


def _version(head: bytes) -> int | None:
    try:
        first = json.loads(head.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        return None
    version = first.get("version")
    return version if type(version) is int else None
