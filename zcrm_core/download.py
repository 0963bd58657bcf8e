"""How does a file come from Zoho without being held in memory?"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.message import Message
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Final

from zcrm_core.errors import ApiError, TransportError

if TYPE_CHECKING:
    import requests

__all__ = ["Download"]

_CHUNK: Final = 65_536
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)", re.IGNORECASE)
"""What Windows writes to is no file under such a name, whatever its ending."""
_LONGEST_NAME: Final = 200
"""Bytes of a name: file systems take 255, and a name in Chinese has three a character."""
_LONGEST_ENDING: Final = 20


class Download:
    """A file that is being sent: read it once, in pieces, whole, or into a file; a context manager.

    Attributes:
        status: the HTTP status.
        name: the file's name as the server gives it, without any folder; ``download`` when it gives none.
        size: its bytes, when the server says; ``None`` otherwise.
    """

    def __init__(self, raw: requests.Response) -> None:
        self._raw = raw
        self.status = raw.status_code
        self.name = _file_name(raw.headers.get("Content-Disposition", ""))
        self._length = _length(raw.headers)
        self._begun = False
        self.size = None if "Content-Encoding" in raw.headers else self._length

    def __iter__(self) -> Iterator[bytes]:
        """Give the bytes piece by piece.

        Raises:
            TransportError: the connection broke before the last byte.
            ApiError: it has been read, or closed, already.
        """
        if self._begun:
            raise ApiError(
                f"The file {self.name} has been read, or closed, already.",
                why="It comes over the network once, and is kept nowhere.",
                fix="Keep what read() gives, or the file that save() writes; or fetch it again.",
                code="ZCRM-API-009",
            )
        self._begun = True
        import requests  # noqa: PLC0415 - as in transport.py: importing zcrm_core stays cheap

        try:
            yield from self._raw.iter_content(_CHUNK)
            # urllib3 before version 2 takes a connection that ends early for the end of the file.
            came = self._raw.raw.tell()
            if self._length is not None and came != self._length:
                raise _broken_off(self.name, f"{came:,} of {self._length:,} bytes came.")
        except (requests.RequestException, OSError) as error:
            raise _broken_off(self.name, f"The connection was lost ({type(error).__name__}).") from None
        finally:
            self.close()

    def read(self) -> bytes:
        """Give the whole file.

        Raises:
            TransportError: the connection broke before the last byte.
        """
        return b"".join(self)

    def save(self, path: str | Path) -> Path:
        """Write the file, and give its path; nothing is there until all of it has come.

        Args:
            path: the file to write, replacing what is there; or a folder, for a file with the server's name.

        Raises:
            TransportError: the connection broke before the last byte.
            OSError: the file cannot be written.
        """
        target = Path(path)
        if target.is_dir():
            target /= self.name
        unfinished = target.with_name(f".zcrm-{secrets.token_hex(8)}.part")
        try:
            with unfinished.open("xb") as file:  # like any new file: who may read it is for the umask to say
                for piece in self:
                    file.write(piece)
            with suppress(OSError):  # nothing is there, or a file system has no such rights
                shutil.copymode(target, unfinished)
            unfinished.replace(target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return target

    def close(self) -> None:
        """Let the connection go; what has not been read is lost."""
        self._begun = True
        self._raw.close()

    def __enter__(self) -> Download:  # noqa: PYI034 - typing has no Self before Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Download {self.name}>"


def _length(headers: Mapping[str, str]) -> int | None:
    """Read how many bytes are on their way (RFC 9112 section 6.3); ``None`` where the server does not say."""
    text = headers.get("Content-Length", "")
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _broken_off(name: str, why: str) -> TransportError:
    failure = TransportError(
        f"The file {name} broke off before its last byte.",
        why=why,
        fix="Download it again; what has come so far is not the file.",
        code="ZCRM-HTTP-005",
    )
    failure.sent = True
    return failure


def _file_name(disposition: str) -> str:
    """Read the name (RFC 6266) and leave of it what is a file's name on every system."""
    message = Message()
    message["Content-Disposition"] = disposition.replace("\r", "").replace("\n", "")
    name = message.get_filename() or ""
    if name.lower().startswith("utf-8''"):  # Zoho puts the form of RFC 5987 into the plain parameter, too
        from urllib.parse import unquote  # noqa: PLC0415 - rarely needed

        name = unquote(name[7:])
    name = PurePosixPath(name.replace("\\", "/")).name
    name = _UNSAFE.sub("_", name).strip(". ")
    return _cut(f"_{name}" if _DEVICE.match(name) else name) or "download"


def _cut(name: str) -> str:
    """Shorten a name to what file systems take, and keep its ending."""
    written = name.encode("utf-8", "replace")
    if len(written) <= _LONGEST_NAME:
        return written.decode()
    ending = PurePosixPath(name).suffix.encode("utf-8", "replace")
    ending = ending if len(ending) <= _LONGEST_ENDING else b""
    return written[: _LONGEST_NAME - len(ending)].decode("utf-8", "ignore").rstrip(". ") + ending.decode()
