"""What does the MySQL store say and refuse before it asks any server?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from zcrm_core import Config, StoreError, TokenKey
from zcrm_store_mysql.failures import explain
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.settings import read_place
from zcrm_store_mysql.table import ColumnFacts, refuse_other_shape

MINIMUM = {"client_id": "1000.C", "client_secret": "s"}
OURS = (
    ColumnFacts("key_digest", "binary", 32, None, "PRI"),
    *(
        ColumnFacts(name, "varchar", 512, "utf8mb4_0900_bin", "")
        for name in ("useridentifier", "client_id", "environment")
    ),
    *(
        ColumnFacts(name, "mediumtext", 2**24 - 1, "utf8mb4_0900_bin", "")
        for name in ("accesstoken", "refreshtoken", "api_domain", "scope")
    ),
    ColumnFacts("expirytime", "bigint", None, None, ""),
)  # fmt: skip


def config_of(**keys: object) -> Config:
    """A configuration with some of the store's keys."""
    return Config({**MINIMUM, **keys}, plugin_keys=MySQLStorePlugin.config_keys)


def test_it_is_the_default() -> None:
    """A configuration that names no store is claimed, with the lowest of the three ranks."""
    claim = MySQLStorePlugin().zcrm_token_store(config_of())

    assert (claim.name, claim.priority, claim.claims) == ("mysql", 100, True)
    assert claim.reason == "the default store"


def test_the_reason_names_the_keys() -> None:
    """The reason says which keys are set, and not what they hold."""
    claim = MySQLStorePlugin().zcrm_token_store(config_of(db_password="SECRET", mysql_port="3307"))

    assert claim.claims
    assert claim.reason == "db_port, db_password is set"


def test_zohos_defaults_hold() -> None:
    """Without any key the place is Zoho's: root without a password at localhost, zohooauth.oauthtokens."""
    place = read_place(config_of())

    assert (place.host, place.port, place.user, place.password.reveal()) == ("localhost", 3306, "root", "")
    assert place.table_name == "zohooauth.oauthtokens"


def test_the_password_is_not_shown() -> None:
    """A place can be printed."""
    assert "SECRET" not in repr(read_place(config_of(db_password="SECRET")))


@pytest.mark.parametrize("name", ["", "x" * 65, "a\0b", "blank ", "😀", "\ud800", 7, b"x"])
def test_an_impossible_table_name_is_refused(name: object) -> None:
    """A table name that MySQL cannot have is an error that names the key."""
    with pytest.raises(StoreError, match="db_table") as caught:
        read_place(config_of(db_table=name))

    assert caught.value.code == "ZCRM-MYSQL-010"


def test_an_impossible_database_name_is_refused() -> None:
    """The same holds for the database."""
    with pytest.raises(StoreError, match="db_name"):
        read_place(config_of(db_name="x" * 65))


def test_claiming_loads_no_driver() -> None:
    """A program that keeps its tokens elsewhere does not wait for SQLAlchemy to load."""
    program = (
        "import sys; from zcrm_core import Config; from zcrm_store_mysql.plugin import MySQLStorePlugin;"
        f"MySQLStorePlugin().zcrm_token_store(Config({MINIMUM!r}));"
        "sys.exit(bool({'sqlalchemy', 'pymysql'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-I", "-c", program], check=False).returncode == 0


def test_our_own_shape_passes() -> None:
    """The columns that zcrm makes are accepted in any order, and with more beside them."""
    place = read_place(config_of())

    refuse_other_shape([*reversed(OURS), ColumnFacts("lease", "bigint", None, None, "")], place)


@pytest.mark.parametrize("missing", range(len(OURS)))
def test_each_column_is_needed(missing: int) -> None:
    """A table that lacks any one of the columns is refused."""
    rest = [*OURS[:missing], *OURS[missing + 1 :]]

    with pytest.raises(StoreError) as caught:
        refuse_other_shape(rest, read_place(config_of()))

    assert caught.value.code in ("ZCRM-MYSQL-005", "ZCRM-MYSQL-006")


@pytest.mark.parametrize("column", [each for each in OURS if each.collation])
@pytest.mark.parametrize("change", [{"collation": "utf8mb4_bin"}, {"length": 100}, {"collation": None}])
def test_each_text_is_exact_and_wide(column: ColumnFacts, change: dict[str, object]) -> None:
    """A text column that pads blanks, cuts, or holds no text is refused by name."""
    columns = [replace(each, **change) if each is column else each for each in OURS]  # type: ignore[arg-type]

    with pytest.raises(StoreError) as caught:
        refuse_other_shape(columns, read_place(config_of()))

    assert column.name in caught.value.why


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((1045, 1698), "ZCRM-MYSQL-002"),
        ((1044, 1142), "ZCRM-MYSQL-003"),
        ((1040, 1205, 1213, 1290, 1021, 3100), "ZCRM-MYSQL-004"),
        ((1273,), "ZCRM-MYSQL-007"),
        ((1364, 1406, 1062), "ZCRM-MYSQL-008"),
        ((2006, 2013, 4031), "ZCRM-MYSQL-011"),
    ],
)
def test_each_number_has_its_error(numbers: Sequence[int], code: str) -> None:
    """MySQL's error numbers lead to the error with the right cure; no text of the server's goes along."""
    place = read_place(config_of())
    for number in numbers:
        driver = RuntimeError(number, "SECRET text of the server")
        trouble = explain(OperationalError("SELECT 'SECRET'", {"x": "SECRET"}, driver), place)
        assert trouble.error.code == code, number
        assert "SECRET" not in f"{trouble.error} {vars(trouble.error)}"


def test_a_connection_that_never_was_is_not_in_doubt() -> None:
    """A connection lost before a statement was sent says that the server cannot be reached."""
    driver = RuntimeError(2013, "lost")
    trouble = explain(OperationalError(None, None, driver), read_place(config_of()))

    assert trouble.error.code == "ZCRM-MYSQL-001"
    assert not trouble.unknown


def test_an_error_without_a_number_is_named_by_its_kind() -> None:
    """A driver's error without a number still has a code and a text."""
    for kind in (ProgrammingError, InterfaceError):
        trouble = explain(kind("x", None, RuntimeError()), read_place(config_of()))
        assert trouble.error.code == "ZCRM-MYSQL-008"
        assert kind.__name__ in str(trouble.error)


def test_a_key_has_one_digest() -> None:
    """The primary key is the core's digest: 32 bytes, and another one for each look-alike."""
    digests = {TokenKey(user, "c", "production").digest() for user in ("a", "A", "a ", "á")}

    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == 4
