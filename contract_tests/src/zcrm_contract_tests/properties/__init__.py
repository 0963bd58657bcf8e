"""Which checks decide the promises? One module a family; each check's docstring is its promise's sentence."""

from __future__ import annotations
