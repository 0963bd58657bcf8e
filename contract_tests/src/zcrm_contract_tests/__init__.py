"""What does a backend's author import to prove a token store? Two names; the rest is found by pytest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_contract_tests.capabilities import Capabilities
    from zcrm_contract_tests.contract import TokenStoreContract

__all__ = ["CONTRACT_LEVEL", "Capabilities", "TokenStoreContract"]

CONTRACT_LEVEL = 1
"""The level whose promises are binding; it rises with a major version only."""

_MODULES = {"Capabilities": "capabilities", "TokenStoreContract": "contract"}


def __getattr__(name: str) -> object:
    # The worker processes and pytest's start-up import this package; neither needs Hypothesis.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"zcrm_contract_tests.{_MODULES[name]}"), name)
