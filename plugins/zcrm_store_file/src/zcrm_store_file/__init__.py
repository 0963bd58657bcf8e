"""What does the wheel zcrm-store-file bring? The token store ``file``, by entry point; no name to import."""

from __future__ import annotations

__all__: list[str] = []
