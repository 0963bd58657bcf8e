"""How does a pytest test get a simulator? It asks for the fixture ``zcrm_simulator``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from zcrm_simulator.simulator import Simulator


@pytest.fixture
def zcrm_simulator() -> Iterator[Simulator]:
    """Yield a running simulator of the test's own, with fresh data on a free port."""
    from zcrm_simulator.simulator import Simulator  # noqa: PLC0415  costs nothing until a test asks for it

    with Simulator() as simulator:
        yield simulator
