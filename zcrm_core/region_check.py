"""May tokens be sent to the servers that a region plugin names?"""

from __future__ import annotations

from dataclasses import fields

from zcrm_core.config_keys import service_url
from zcrm_core.hookspecs import Region
from zcrm_core.redaction import plain

__all__ = ["SAFE", "region_fault"]

SAFE = "Tokens go to https only, or to http on a loopback address; no address ends in a slash."


def region_fault(region: Region) -> str | None:
    """Say what is wrong with a region, if anything: each part is a text, each address in its one safe form.

    Args:
        region: a plugin's answer.
    """
    if not all(hasattr(region, part.name) for part in fields(Region)):
        return "a region whose parts are not all there"
    urls = (
        region.accounts_url,
        region.api_url,
        region.sandbox_url,
        region.developer_url,
        region.upload_url,
    )
    if not all(isinstance(part, str) for part in (region.name, *urls)):
        return "a region whose parts are not all texts"
    if not region.name or plain(region.name) != region.name:
        return "a region whose name cannot be seen whole"
    for url in urls:
        try:
            sound = service_url(url) == url
        except ValueError:
            sound = False
        if not sound:
            shown = plain(url.rpartition("@")[2]) or "nothing"  # in front of an @ stands a password, perhaps
            return f"the region {region.name}, which names the address {shown}"
    return None
