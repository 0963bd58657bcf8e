"""Does a call come from a program on this machine that means the simulator?"""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from zcrm_simulator.loopback import is_loopback


def stranger(request: Request) -> str | None:
    """Return why a call is refused, or ``None``.

    A page from the internet can make a browser call localhost: through a name that it points at
    127.0.0.1 (then the Host header betrays it), or across origins (then the Origin header does).
    """
    if not is_loopback(_hostname(f"//{request.headers.get('Host', '')}")):
        return "The Host header is no loopback name."
    origin = request.headers.get("Origin")
    if origin is not None and not is_loopback(_hostname(origin)):
        return "The Origin header is of another site."
    return None


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets that hold no address
        return ""
