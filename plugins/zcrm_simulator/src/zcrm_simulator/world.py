"""What is the whole state of one simulator?"""

from __future__ import annotations

import threading

from zcrm_simulator.clock import Clock
from zcrm_simulator.crm.budget import Budget
from zcrm_simulator.data.organization import Organization, new_organization
from zcrm_simulator.faults import Faults
from zcrm_simulator.journal import Journal
from zcrm_simulator.limits import Limits
from zcrm_simulator.oauth.clients import Clients
from zcrm_simulator.oauth.devices import Devices
from zcrm_simulator.oauth.ledger import Ledger
from zcrm_simulator.places import Place
from zcrm_simulator.switches import Switches


class World:
    """Everything that calls read and change; ``url`` is the simulator's own address.

    Args:
        seed: the data is the same for the same seed.
        limits: what Zoho allows.
        switches: what Zoho does where there is a choice.
        clock: the time.
    """

    def __init__(self, seed: int, limits: Limits, switches: Switches, clock: Clock) -> None:
        self.url = ""
        self.seed = seed
        self.clock = clock
        self.faults = Faults()
        self.journal = Journal()
        self._first = (limits, switches)
        self._lock = threading.Lock()
        self.limits, self.switches = self._first
        self._fill()

    def _fill(self) -> None:
        self.limits, self.switches = self._first
        self.clients = Clients(self.seed)
        self.ledger = Ledger()
        self.devices = Devices()
        self.budget = Budget()
        self._organizations: dict[Place, Organization] = {}

    def reset(self) -> None:
        """Go back to the state of the start: data, tokens, limits, switches, faults, counts and time."""
        self.faults.clear()
        with self._lock:
            for organization in self._organizations.values():
                organization.database.close()
            self._fill()
        self.journal.reset()
        self.clock.reset()

    def organization(self, place: Place) -> Organization:
        """Return the organization of a place; it is filled with its data on first use."""
        with self._lock:
            if place not in self._organizations:
                self._organizations[place] = new_organization(place, self.seed)
            return self._organizations[place]

    def close(self) -> None:
        """Free the databases."""
        with self._lock:
            for organization in self._organizations.values():
                organization.database.close()
            self._organizations.clear()
