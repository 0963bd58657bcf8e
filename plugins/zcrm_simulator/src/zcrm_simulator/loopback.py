"""Can a host name only mean this machine?"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine (RFC 6761 section 6.3, RFC 6890).

    The whole name counts: ``localhost.example.com`` and ``127.example.com`` are other machines.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str, scheme: str = "http") -> bool:
    """Tell whether a URL has this scheme, a loopback host, a port that exists, and at most a path more."""
    try:
        parts = urlsplit(url)
        good_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    extras = parts.query or parts.fragment or parts.username or parts.password
    return parts.scheme == scheme and is_loopback(parts.hostname or "") and good_port and not extras
