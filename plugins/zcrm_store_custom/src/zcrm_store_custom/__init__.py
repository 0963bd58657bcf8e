"""What does the wheel zcrm-store-custom bring? The store ``custom``, and one signal for your class."""

from __future__ import annotations

from zcrm_store_custom.no_token import NoToken

__all__ = ["NoToken"]
