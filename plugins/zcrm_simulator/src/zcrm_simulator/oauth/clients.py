"""Which applications are registered in Zoho's API console?"""

from __future__ import annotations

import random
from dataclasses import dataclass

from zcrm_simulator.places import DATA_CENTERS

DEFAULT_REDIRECT_URI = "http://localhost:8000/callback"


@dataclass(frozen=True)
class Client:
    """One registered application; it is unknown in a data centre that it is not enabled for."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    data_centers: tuple[str, ...] = DATA_CENTERS


class Clients:
    """The registered applications; the first one is there from the start and the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"clients {seed}")  # noqa: S311  made-up data, the same for each seed
        self._known: dict[str, Client] = {}
        self.default = self.add()

    def add(
        self,
        redirect_uris: tuple[str, ...] = (DEFAULT_REDIRECT_URI,),
        data_centers: tuple[str, ...] = DATA_CENTERS,
    ) -> Client:
        """Register an application and return it with its new id and secret."""
        client = Client(
            f"1000.{self._random.getrandbits(120):030X}",
            f"{self._random.getrandbits(168):042x}",
            redirect_uris,
            data_centers,
        )
        self._known[client.client_id] = client
        return client

    def find(self, client_id: str, data_center: str) -> Client | None:
        """Return the application if this data centre knows it."""
        client = self._known.get(client_id)
        return client if client is not None and data_center in client.data_centers else None
