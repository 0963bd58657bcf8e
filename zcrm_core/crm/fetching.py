"""Is there a file where one is asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.download import Download

__all__ = ["fetched"]

_NO_CONTENT = 204


def fetched(client: Client, path: str, missing: str) -> Download:
    """Fetch a file; ``missing`` is the sentence for there being none.

    Raises:
        NotFound: there is none.
        ApiError: the CRM refused.
        TransportError: the answer is no file.
    """
    file = client.download(path)
    if file.status == _NO_CONTENT:
        raise NotFound(missing)
    return file
