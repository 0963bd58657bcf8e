"""Which data centre and which environment does a path belong to?"""

from __future__ import annotations

from dataclasses import dataclass

DATA_CENTERS = ("us", "eu", "in", "au", "cn", "jp", "ca", "sa", "uk", "ae")
"""Zoho's data centres by the short names of its ``location`` parameter; us has no path prefix here."""

ENVIRONMENTS = ("production", "sandbox", "developer")
"""What a user can choose on the consent page; production has no path prefix here."""


@dataclass(frozen=True)
class Place:
    """One environment in one data centre: an organization of its own, with tokens of its own."""

    data_center: str = DATA_CENTERS[0]
    environment: str = ENVIRONMENTS[0]

    @property
    def accounts_prefix(self) -> str:
        """The path prefix of the accounts server: empty, or a slash and the data centre."""
        return "" if self.data_center == DATA_CENTERS[0] else f"/{self.data_center}"

    @property
    def prefix(self) -> str:
        """The path prefix of the CRM server."""
        tail = "" if self.environment == ENVIRONMENTS[0] else f"/{self.environment}"
        return self.accounts_prefix + tail

    @property
    def number(self) -> int:
        """A small number of its own for each place, from 0; ids are made from it."""
        return DATA_CENTERS.index(self.data_center) * len(ENVIRONMENTS) + ENVIRONMENTS.index(self.environment)


def split_path(path: str) -> tuple[Place, str]:
    """Divide a path into the place that its prefix names and the rest, which starts with a slash."""
    data_center, environment = DATA_CENTERS[0], ENVIRONMENTS[0]
    head, _, tail = path.lstrip("/").partition("/")
    if head in DATA_CENTERS[1:]:
        data_center = head
        head, _, tail = tail.partition("/")
    if head in ENVIRONMENTS[1:]:
        environment = head
    else:
        tail = f"{head}/{tail}" if tail else head
    return Place(data_center, environment), f"/{tail}"
