"""How does a module get very many records?"""

from __future__ import annotations

from itertools import cycle, islice

from zcrm_core import ConfigError
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Database, Row, quoted

_AT_ONCE = 10_000
_MODELS = 500


def fill(database: Database, module: str, count: int) -> None:
    """Add records like those that are there; fields that must differ are left empty.

    Raises:
        ConfigError: there is no such module, it has no records, or the number is negative.
    """
    known = MODULES.get(module)
    models = [] if known is None else database.rows(f"SELECT * FROM {quoted(module)} LIMIT ?", (_MODELS,))  # noqa: S608 - the names are the catalog's
    if known is None or not models or count < 0:
        raise ConfigError(
            f"The simulator cannot add {count} records to {module}.",
            why="It copies records that are there, with new ids.",
            fix="Name a module that has records, such as Leads, and a number of 0 or more.",
        )
    empty: Row = dict.fromkeys(
        name for name in known.unique if name not in {one.api_name for one in known.mandatory}
    )
    left = cycle(models)
    for start in range(0, count, _AT_ONCE):
        rows = list(islice(left, min(_AT_ONCE, count - start)))
        database.insert(known, [row | empty | {"id": database.new_id()} for row in rows])
