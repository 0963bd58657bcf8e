"""What does the wheel zcrm-store-mysql bring? The token store ``mysql``, by entry point; no name."""

from __future__ import annotations

__all__: list[str] = []
