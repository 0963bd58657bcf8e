"""Whatever a record holds and a value is: does it go to Zoho and back, and mean the same there?"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from zcrm_core import ApiError, Client
from zcrm_core.crm.coql_text import literal, parse, with_values
from zcrm_core.crm.criteria import Criteria, F
from zcrm_core.crm.record import Record
from zcrm_core.crm.writing import rows_of
from zcrm_core.exact_json import JSON, dumps, loads
from zcrm_core.response import Response
from zcrm_simulator.crm import coql_grammar
from zcrm_simulator.crm import criteria as grammar

Make = Callable[..., Client]

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes says nothing here: other tests share the machine."""

# -- records -------------------------------------------------------------------------------------------

NUMBERS = st.integers().map(str) | st.decimals(allow_nan=False, allow_infinity=False).map(str)
"""Numbers as they stand in JSON text, with more digits than a float holds."""
NAMES = (
    st.sampled_from(["Amount", "Owner", "Tag", "Product_Details", "$line_tax", "Layout", "Größe"]) | st.text()
)


class Number(str):
    """A number that is written into JSON as it stands."""

    __slots__ = ()


Tree: TypeAlias = "Number | str | bool | list[Tree] | dict[str, Tree] | None"
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS.map(Number),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES, TREES, max_size=4)


def written(tree: Tree) -> str:
    """A tree as JSON text, digit for digit."""
    if isinstance(tree, Number):
        return str(tree)
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(written, tree)) + "]"
    return json.dumps(tree)


def exactly(text: str | bytes) -> object:
    """JSON text as Python reads it without rounding anything."""
    return json.loads(text, parse_float=Decimal)


def received(text: str) -> Record:
    """The record that an answer with this text holds."""
    raw = requests.Response()
    raw.status_code = 200
    raw._content = text.encode()
    answer = Response(raw).json()
    assert isinstance(answer, dict)
    return Record(answer)


@PATIENT
@given(RECORDS)
def test_a_record_goes_back_as_it_came(tree: dict[str, Tree]) -> None:
    """Whatever Zoho can send is sent back digit for digit when a program sends the whole record."""
    text = written(tree)

    [row] = rows_of(received(text))

    assert exactly(dumps(row)) == exactly(text)


@PATIENT
@given(RECORDS, st.data())
def test_reading_is_no_change(tree: dict[str, Tree], data: st.DataObject) -> None:
    """A record that was read, or set to what it is, has no change; one new value is one change."""
    record = received(written(tree))
    dict(record)
    for key in list(record):
        record[key] = record[key]
    assert record.changes == {}

    if tree:
        key = data.draw(st.sampled_from(sorted(tree)))
        new = loads(written(data.draw(TREES)))
        assume(exactly(dumps(new)) != exactly(written(tree[key])))
        record[key] = new
        assert list(record.changes) == [key]
        assert exactly(dumps(record.changes[key])) == exactly(dumps(new))


@PATIENT
@given(RECORDS)
def test_what_is_changed_inside_is_noticed(tree: dict[str, Tree]) -> None:
    """Adding to any list or object of a record, however deep, is a change of that field and no other."""
    for key, value in tree.items():
        if isinstance(value, (list, dict)):
            record = received(written(tree))
            inner = record[key]
            while True:
                below: list[JSON] = (
                    list(inner.values())
                    if isinstance(inner, dict)
                    else inner
                    if isinstance(inner, list)
                    else []
                )
                deeper = next((one for one in below if isinstance(one, (list, dict))), None)
                if deeper is None:
                    break
                inner = deeper
            if isinstance(inner, list):
                inner.append("new")
            elif isinstance(inner, dict):
                inner["a key that was not there"] = None
            assert list(record.changes) == [key]


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "[1e999999999999999999999]", "{'a': 1}", "1 2"]
)
def test_what_is_no_json_is_not_read(text: str) -> None:
    """What JSON has not, Python's reader would take; ours does not."""
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("inf"), [Decimal("sNaN")]])
def test_what_has_no_form_in_json_is_not_written(value: object) -> None:
    """A number that JSON cannot hold is an error and not a text that nobody can read."""
    with pytest.raises(ValueError, match=r".+"):
        dumps([value, Decimal("0.1")])


# -- criteria ------------------------------------------------------------------------------------------

HOSTILE = st.text() | st.sampled_from(
    [
        "a,b",
        "(a)",
        ")",
        "(",
        "\\",
        "\\)",
        "x)or(Last_Name:starts_with:",
        "a)and(b:equals:c",
        "NULL",
        "x:y:z",
        "%",
        "*",
        "and",
        "or",
        "'",
        "é",
        "\\\\",
        "a\\,b",
        ",",
        "a\\'b",
        " a ",
        "\ta",
        "a\n",
        "null ",
        "${EMPTY} ",
        '"',
        "\u2028",
    ]
)
"""Texts that would mean something else if they were put into a search as they are."""
OPERATORS = ("equals", "not_equal", "starts_with", "greater_than", "in", "between")


def condition(operator: str, values: list[str]) -> Criteria:
    """A condition of the builder."""
    made = {
        "equals": lambda: F.City == values[0],
        "not_equal": lambda: F.City != values[0],
        "starts_with": lambda: F.City.starts_with(values[0]),
        "greater_than": lambda: F.City > values[0],
        "in": lambda: F.City.in_(values),
        "between": lambda: F.City.between(values[0], values[-1]),
    }
    return made[operator]()


@PATIENT
@given(st.sampled_from(OPERATORS), st.lists(HOSTILE, min_size=1, max_size=4))
def test_a_condition_means_its_value(operator: str, values: list[str]) -> None:
    """Zoho's side reads the very field, operator and values that were meant, or nothing was sent."""
    used = values if operator == "in" else [values[0], values[-1]] if operator == "between" else values[:1]
    try:
        text = str(condition(operator, values))
    except ApiError:
        # Zoho has no way to write these: they are what it writes for no value.
        assert any(value in {"null", "${EMPTY}"} or not value.strip() for value in used)
        return

    assert grammar.parse(text) == grammar.Condition("City", operator, tuple(used))


Meant: TypeAlias = "tuple[str, str] | tuple[str, Meant, Meant]"
MEANT: st.SearchStrategy[Meant] = st.recursive(
    st.tuples(
        st.sampled_from(["City", "Last_Name"]),
        HOSTILE.filter(lambda text: text.strip() and text not in {"null", "${EMPTY}"}),
    ),
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=8,
)


@PATIENT
@given(MEANT)
def test_joined_conditions_mean_their_tree(meant: Meant) -> None:
    """However conditions are joined, Zoho's side reads the same tree."""

    def built(one: Meant) -> Criteria:
        if len(one) == 2:
            return F[one[0]] == one[1]
        left, right = built(one[1]), built(one[2])
        return left & right if one[0] == "and" else left | right

    def expected(one: Meant) -> grammar.Criteria:
        if len(one) == 2:
            return grammar.Condition(one[0], "equals", (one[1],))
        return grammar.Pair(one[0], expected(one[1]), expected(one[2]))

    assert grammar.parse(str(built(meant))) == expected(meant)


@PATIENT
@given(HOSTILE)
def test_a_field_s_name_cannot_be_more(name: str) -> None:
    """What is no API name is no field of a condition."""
    try:
        field = F[name]
    except ApiError:
        return
    assert grammar.parse(str(field == "x")) == grammar.Condition(name, "equals", ("x",))


def test_conditions_are_neither_true_nor_false() -> None:
    """``and``, ``or`` and ``not`` would drop half of a search without a word, so they are errors."""
    with pytest.raises(ApiError, match="neither true nor false"):
        _ = (F.City == "a") and (F.City == "b")


# -- COQL ----------------------------------------------------------------------------------------------


@PATIENT
@given(st.lists(HOSTILE, min_size=1, max_size=3), st.integers(-(10**18), 10**18), st.booleans())
def test_a_value_in_a_query_means_itself(texts: list[str], number: int, flag: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    """Values put into their places reach the other side as they are, through being cut into pages as well."""
    query = with_values(
        "select id from Leads where ((City = :a and City in :b) and (No = :c and Flag = :d)) order by id",
        {"a": texts[0], "b": texts, "c": number, "d": flag},
    )

    sent = parse(query).after("7").text(0, 200)

    found = [
        (one.operator, one.values) for one in coql_grammar.comparisons(coql_grammar.parse_coql(sent).where)
    ]
    assert found == [
        ("=", (texts[0],)),
        ("in", tuple(texts)),
        ("=", (number,)),
        ("=", (flag,)),
        (">", (7,)),
    ]


@PATIENT
@given(HOSTILE)
def test_a_text_in_a_query_is_left_alone(text: str) -> None:
    """A colon, a clause's name or a bracket inside a text of the query itself is part of the text."""
    query = f"select id from Leads where City = {literal(text)} limit 5"  # noqa: S608 - a test's own

    cut = parse(with_values(query, {}))

    assert (cut.count, cut.where.strip()) == (5, f"City = {literal(text)}")


# -- over the wire -------------------------------------------------------------------------------------

WIRE = [
    "a,b",
    "(a)",
    "x)or(Last_Name:starts_with:",
    "back\\slash",
    "\\",
    "quo'te",
    'dou"ble',
    "per%cent",
    "under_score",
    "%",
    "Zürich (Nord), Kreis 11",
    "😀 & <b>",
    "a+b c&d=e#f?g/h",
    "tab\tin",
    "null!",
    "' or 1=1 --",
    ":city",
]


@pytest.mark.parametrize("value", WIRE)
def test_a_hostile_value_finds_its_record_and_no_other(log_in: Make, value: str) -> None:
    """Over real HTTP a search and a query for a hostile value give the one record that has it."""
    for version in ("v2", "v8"):
        client = log_in(api_version=version)
        leads = client.module("Leads")
        [made] = leads.create({"Last_Name": "Hostile", "City": value})

        assert [lead.id for lead in leads.search(criteria=F.City == value)] == [made.id]
        assert leads.count(criteria=(F.City == value) & (F.Last_Name == "Hostile")) == 1
        assert [
            lead["id"] for lead in client.coql("select id from Leads where City = :city", city=value)
        ] == [made.id]
        assert leads.get(made.id or "")["City"] == value
        leads.delete(made.id or "")
