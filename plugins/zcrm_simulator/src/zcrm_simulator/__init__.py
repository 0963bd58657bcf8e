"""Where is a Zoho that a test may break? Here: Zoho's accounts and CRM servers on localhost.

The names below are loaded when they are first used, so that the zcrm plugin in this package costs nothing
in a program that never starts a simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_simulator.clock import Clock
    from zcrm_simulator.faults import Fault
    from zcrm_simulator.limits import Limits
    from zcrm_simulator.simulator import Simulator
    from zcrm_simulator.switches import Switches

__all__ = ["Clock", "Fault", "Limits", "Simulator", "Switches"]

_HOMES = {name: f"zcrm_simulator.{name.lower()}" for name in __all__} | {"Fault": "zcrm_simulator.faults"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
