"""How hard is a store tried?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """The size of a run.

    Args:
        name: as in ``--zcrm-profile`` and ``--profile``.
        examples: how many examples Hypothesis draws for a promise.
        steps: how many operations a story of the state machine has.
        histories: how many concurrent histories are recorded for a promise.
        processes: how many processes take part where processes do.
        kills: how many processes are killed at a random moment.
        derandomize: whether the same code always meets the same examples.
    """

    name: str
    examples: int
    steps: int
    histories: int
    processes: int
    kills: int
    derandomize: bool = False


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("dev", examples=20, steps=15, histories=3, processes=2, kills=1),
            Profile("pr", examples=100, steps=30, histories=10, processes=3, kills=3, derandomize=True),
            Profile("nightly", examples=2000, steps=60, histories=300, processes=8, kills=60),
        )
    }
)

DEFAULT_PROFILE: Final = "dev"
