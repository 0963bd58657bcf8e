"""What is said of a request that failed on its way, or could not be sent at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zcrm_core.errors import TransportError
from zcrm_core.multipart import UnreadableFile

if TYPE_CHECKING:
    import requests

__all__ = ["failure_of", "read_short", "unfit", "unreadable"]

_SHORT_BYTES: Final = 1_000_000
"""Answers about tokens have some hundred bytes, and a proxy's page in their place some thousand."""
_PIECE_BYTES: Final = 4_096
"""Compressed data can grow a thousandfold, so a piece becomes some million bytes at most."""


class _TooLong(OSError):
    """An answer is so long that it is not read to its end."""


def read_short(answer: requests.Response) -> requests.Response:
    """Read an answer that has to be a short one; a hostile one could fill the memory.

    Args:
        answer: the beginning of the answer, whose body is not read yet.

    Raises:
        OSError: it is a long one; :func:`failure_of` knows it.
    """
    body = bytearray()
    for piece in answer.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) > _SHORT_BYTES:
            answer.close()
            raise _TooLong
    answer._content = bytes(body)  # noqa: SLF001 - the one way to say that this has been read
    return answer


def failure_of(error: Exception, server: str) -> TransportError:
    """Turn what requests raised into our error; its text may hold the whole address, so it is not kept.

    Args:
        error: what was raised while the request was sent or its answer was read.
        server: the server's scheme, host and port.
    """
    import requests  # noqa: PLC0415 - as in transport.py: importing zcrm_core stays cheap
    from urllib3.exceptions import NewConnectionError  # noqa: PLC0415 - comes with requests

    sent = True
    code: str | None = None
    why = fix = None
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.exceptions.SSLError):
        what, sent, code = f"No trusted TLS connection to {server} came about.", False, "ZCRM-HTTP-002"
        why = "Its certificate is not signed by an authority that this machine knows, or is for another host."
        fix = "Look for a proxy that opens TLS, and name its authority in REQUESTS_CA_BUNDLE."
    elif isinstance(error, requests.exceptions.ProxyError):
        what, sent = f"The proxy on the way to {server} does not answer.", False
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        what, sent = f"No connection to {server} came about in time.", False
    elif isinstance(error, _TooLong):
        what, code = f"The answer of {server} is longer than {_SHORT_BYTES:,} bytes.", "ZCRM-HTTP-003"
        why = "Something else than Zoho answered: what Zoho says of tokens is short."
        fix = "Look for a proxy on the way, and check the region; then call again."
    elif isinstance(error, (requests.exceptions.ReadTimeout, TimeoutError)):
        what, code = f"{server} took the request and did not answer in time.", "ZCRM-HTTP-005"
    elif isinstance(reason, NewConnectionError):
        what, sent = f"{server} cannot be reached: it refuses the connection or its name is not known.", False
    elif isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        what, code = f"{server} broke the connection before its answer was whole.", "ZCRM-HTTP-005"
    else:
        what, code = f"The request to {server} failed ({type(error).__name__}).", "ZCRM-HTTP-005"
    failure = TransportError(what, why=why, fix=fix, code=code)
    failure.sent = sent
    return failure


def unreadable(error: UnreadableFile) -> TransportError:
    """Make the error for a file that failed while it was sent; Zoho has got a part of the request at most."""
    failure = TransportError(
        str(error),
        why="Its size was taken first, and so many bytes of it had to follow.",
        fix="Open the file anew in binary mode, let nobody change it meanwhile, and call again.",
        code="ZCRM-HTTP-008",
    )
    failure.retryable = False
    return failure


def unfit(error: Exception) -> TransportError:
    """Make the error for what cannot be built; the cause may hold a secret, so only its kind is told."""
    failure = TransportError(
        f"The request cannot be built ({type(error).__name__}).",
        why="Its address, a header or its body is not one that HTTP or JSON can carry.",
        fix="Correct the path, the headers or the values that were passed.",
        code="ZCRM-HTTP-008",
    )
    failure.retryable = False
    return failure
