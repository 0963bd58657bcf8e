"""Are numbers and names of JSON kept as they are, also the odd ones?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from zcrm_core.crm.encode import encode
from zcrm_core.crm.fields import Field
from zcrm_core.crm.record import Record
from zcrm_core.exact_json import dumps, loads


@pytest.mark.parametrize(
    "text",
    ["-0", '{"a":[-0,0]}', "-0.0", f"[{'9' * 5000}]", f"-{'1' * 5000}"],
    ids=["zero", "inside", "float", "long", "negative"],
)
def test_odd_numbers_keep_their_sign_and_digits(text: str) -> None:
    """A negative zero and a number of more digits than Python reads at once go there and back."""
    assert dumps(loads(text)).decode() == dumps(loads(text.encode())).decode() == text
    assert dumps(encode(loads(text), "x")).decode().replace("-0.0", "-0") == text.replace("-0.0", "-0")


@pytest.mark.parametrize("document", [{1: 2}, {None: 1}, [{True: 1}], {"a": ({2: 1},)}, {1: Decimal(1)}])
def test_a_name_that_is_no_text_is_not_written(document: object) -> None:
    """JSON's names are texts: a number or None as one is an error and not another name."""
    with pytest.raises(TypeError, match="name is no text"):
        dumps(document)


def test_a_number_without_end_is_read() -> None:
    """A number of thousands of digits in an answer is kept; an attribute that cannot hold it is None."""
    huge = loads("1" * 5000)

    assert isinstance(huge, Decimal)
    assert Field({"length": huge}).length is None
    assert Record({"Amount": huge}).changes == {}
