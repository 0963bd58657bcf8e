"""What differs between the versions of the CRM's REST API?"""

from __future__ import annotations

from dataclasses import dataclass

from zcrm_simulator.limits import Limits

_MODERN = 3.0
_LATEST = 8.0


@dataclass(frozen=True)
class Version:
    """One version; ``rank`` orders them: 2.0, 2.1, 3.0 ... 8.0."""

    name: str
    rank: float

    @property
    def modern(self) -> bool:
        """Whether ``fields`` is needed, page tokens exist, and failed writes are 400 and mixed ones 207."""
        return self.rank >= _MODERN

    @property
    def virtual_modules(self) -> frozenset[str]:
        """The modules that are no more than a list of the records of others."""
        return frozenset() if self.modern else frozenset({"Activities"})

    @property
    def json_paths(self) -> bool:
        """Whether details of an error say where in the body it is."""
        return self.modern

    @property
    def duplicate_records(self) -> bool:
        """Whether a duplicate is described with its module and owner."""
        return self.rank >= _LATEST

    @property
    def stale_check(self) -> bool:
        """Whether If-Unmodified-Since is obeyed."""
        return self.rank >= _LATEST

    @property
    def triggers(self) -> frozenset[str]:
        """The automation that a write may name."""
        old = {"workflow", "approval", "blueprint"}
        return frozenset(old | {"pathfinder", "orchestration"} if self.modern else old)

    def conditions(self, limits: Limits) -> int:
        """How many conditions a search may have."""
        return limits.search_conditions if self.modern else limits.search_conditions_v2

    def write_status(self, succeeded: int, failed: int, success: int) -> int:
        """Return the HTTP status of a call that wrote some records and failed to write others."""
        if not failed:
            return success
        if not self.modern:
            return 202
        return 207 if succeeded else 400


VERSIONS = {
    name: Version(name, rank)
    for name, rank in {
        "v2": 2.0, "v2.1": 2.1, "v3": 3.0, "v4": 4.0, "v5": 5.0, "v6": 6.0, "v7": 7.0, "v8": 8.0,
    }.items()
}  # fmt: skip
"""Every version that is alive, by its name in the path."""
