"""What becomes of values that Zoho should never send, and that JSON can hold?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zcrm_core import TransportError
from zcrm_core.crm.custom_views import ViewCriteria
from zcrm_core.crm.entity import Entity
from zcrm_core.crm.record import Record
from zcrm_core.exact_json import JSON, loads


def record(text: str) -> Record:
    """A record that was read."""
    json = loads(text)
    assert isinstance(json, dict)
    return Record(json)


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}], ids=["list", "object"])
def test_a_value_without_bottom_is_a_typed_error(wrap: Callable[[JSON], JSON]) -> None:
    """What some parsers read and Python cannot follow is told when it is asked for; the rest is there."""
    deep: JSON = 1
    for _ in range(20_000):
        deep = wrap(deep)
    lead, view = Record({"id": "1", "Sub": deep}), Entity({"id": "1", "Sub": deep})

    assert lead["id"] == "1"
    for entity in (lead, view):
        with pytest.raises(TransportError, match="nested too deeply") as caught:
            entity["Sub"]
        assert caught.value.code == "ZCRM-HTTP-007"


@pytest.mark.parametrize("value", [r'["\ud800"]', r'[{"a":"\ud800"}]', r'{"\ud800":1}', "[1e400, -0]"])
def test_a_list_that_was_read_and_not_changed_is_not_sent(value: str) -> None:
    """Looking at a list sends nothing, also where it holds what could not be sent."""
    lead = record(f'{{"id":"1","L":{value}}}')

    assert lead["L"] is not None
    assert lead.changes == {}


def test_a_view_may_have_any_number_of_conditions() -> None:
    """Every condition has its number in the pattern, past the thousandth too."""
    view = ViewCriteria(
        {"group_operator": "or", "group": [{"field": "City", "value": n} for n in range(1_200)]}
    )

    assert view.pattern == f"({'or'.join(map(str, range(1, 1_201)))})"


def test_conditions_without_bottom_are_a_typed_error() -> None:
    """Groups in groups that Python cannot follow are told where they are written, as values are."""
    deep: JSON = {"field": "City"}
    for _ in range(20_000):
        deep = {"group_operator": "and", "group": [deep]}
    assert isinstance(deep, dict)

    for write in (str, lambda view: view.pattern):
        with pytest.raises(TransportError, match="nested too deeply"):
            write(ViewCriteria(deep))
