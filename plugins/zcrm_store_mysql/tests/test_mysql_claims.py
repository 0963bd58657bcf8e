"""What does the MySQL store say and refuse before it asks any server?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pymysql.err import OperationalError, ProgrammingError

from zcrm_core import Config, StoreError, TokenKey
from zcrm_store_mysql.failures import Cure, explain_connecting, explain_statement
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.settings import read_place
from zcrm_store_mysql.shape import ColumnFacts, Shape, refuse_unusable

MINIMUM = {"client_id": "1000.C", "client_secret": "s"}
TEXTS = {
    **dict.fromkeys(("useridentifier", "client_id", "environment"), ("varchar", 512)),
    **dict.fromkeys(("accesstoken", "refreshtoken", "api_domain", "scope"), ("mediumtext", 2**24 - 1)),
}
COLUMNS = {
    "key_digest": ColumnFacts("key_digest", "binary", 32, None, "PRI", "NO"),
    "expirytime": ColumnFacts("expirytime", "bigint", None, None, "", "NO"),
    **{
        name: ColumnFacts(name, kind, length, "utf8mb4_0900_bin", "", "NO")
        for name, (kind, length) in TEXTS.items()
    },
}
OURS = Shape(COLUMNS, "InnoDB", "zcrm schema 2", "MySQL")


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
    assert claim.reason == "db_port, db_password are set"


@pytest.mark.parametrize(
    ("keys", "code"),
    [({"db_url": "mysql://u:SECRET@in@host"}, "ZCRM-MYSQL-005"), ({"db_ssl_key": "k"}, "ZCRM-MYSQL-012")],
)
def test_the_reason_says_that_a_key_cannot_be_used(keys: dict[str, object], code: str) -> None:
    """`zcrm plugins` shows it, before a login fails; what the key holds is not quoted."""
    reason = MySQLStorePlugin().zcrm_token_store(config_of(**keys)).reason

    assert f"is set, but it cannot be used: [{code}]" in reason
    assert "SECRET" not in reason


def test_zohos_defaults_hold() -> None:
    """Without any key the place is Zoho's: root without a password at localhost, zohooauth.oauthtokens."""
    place = read_place(config_of())

    assert (str(place), place.user, place.password.reveal()) == ("localhost:3306", "root", "")
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


@pytest.mark.parametrize("name", ["information_schema", "mysql", "MySQL", "performance_schema", "sys"])
@pytest.mark.parametrize("key", ["db_name", "db_url"])
def test_a_database_of_the_servers_own_is_refused(key: str, name: str) -> None:
    """No table is looked for, or made, where the server keeps its own."""
    given = name if key == "db_name" else f"mysql://db.example.com/{name}"

    with pytest.raises(StoreError, match=f"db_name names {name}") as caught:
        read_place(config_of(**{key: given}))

    assert caught.value.code == "ZCRM-MYSQL-010"


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
    more = {"lease": ColumnFacts("lease", "bigint", None, None, "", "YES")}

    refuse_unusable(replace(OURS, columns={**more, **COLUMNS}), read_place(config_of()))


@pytest.mark.parametrize("missing", COLUMNS)
def test_each_column_is_needed(missing: str) -> None:
    """A table that lacks any one of the columns is refused by name."""
    rest = {name: facts for name, facts in COLUMNS.items() if name != missing}

    with pytest.raises(StoreError) as caught:
        refuse_unusable(replace(OURS, columns=rest), read_place(config_of()))

    assert caught.value.code == "ZCRM-MYSQL-006"
    assert missing in caught.value.why


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("change", [{"collation": "utf8mb4_bin"}, {"length": 100}, {"collation": None}])
def test_each_text_is_exact_and_wide(name: str, change: dict[str, object]) -> None:
    """A text column that pads blanks, cuts, or holds no text is refused by name."""
    columns = {**COLUMNS, name: replace(COLUMNS[name], **change)}  # type: ignore[arg-type]

    with pytest.raises(StoreError) as caught:
        refuse_unusable(replace(OURS, columns=columns), read_place(config_of()))

    assert name in caught.value.why


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY", None])
def test_a_table_without_transactions_is_refused(engine: str | None) -> None:
    """A storage engine that can lose what was committed is refused."""
    with pytest.raises(StoreError, match="not of a shape"):
        refuse_unusable(replace(OURS, engine=engine), read_place(config_of()))


@pytest.mark.parametrize(
    ("numbers", "code", "cure"),
    [
        ((1045, 1698, 1820, 1862, 3118, 3955), "ZCRM-MYSQL-002", Cure.NONE),
        ((1044, 1142), "ZCRM-MYSQL-003", Cure.NONE),
        ((1040, 1203, 1205, 1213, 1226, 1317, 3032), "ZCRM-MYSQL-004", Cure.AGAIN),
        ((1290, 1792, 1836, 3100), "ZCRM-MYSQL-004", Cure.PRIMARY),
        ((1021, 1041, 1114), "ZCRM-MYSQL-004", Cure.NONE),
        ((1273,), "ZCRM-MYSQL-007", Cure.NONE),
        ((1264, 1366, 1406), "ZCRM-MYSQL-014", Cure.NONE),
        ((1062,), "ZCRM-MYSQL-015", Cure.NONE),
        ((1146, 1054, 1049, 1060), "ZCRM-MYSQL-008", Cure.TABLE),
        ((1644, 1064), "ZCRM-MYSQL-008", Cure.NONE),
        ((2006, 2013, 4031, 0), "ZCRM-MYSQL-011", Cure.CONNECTION),
    ],
)
def test_each_number_has_its_error(numbers: Sequence[int], code: str, cure: Cure) -> None:
    """MySQL's error numbers lead to the error with the right cure; no text of the server's goes along."""
    place = read_place(config_of())
    for number in numbers:
        trouble = explain_statement(OperationalError(number, "SECRET text of the server"), place)
        assert (trouble.error.code, trouble.cure) == (code, cure), number
        assert "SECRET" not in f"{trouble.error} {vars(trouble.error)}"


@pytest.mark.parametrize(("number", "unknown"), [(2013, True), (2006, False), (0, False), (1213, False)])
def test_only_a_lost_answer_leaves_doubt(number: int, unknown: bool) -> None:  # noqa: FBT001 - a parameter
    """A statement whose answer did not come may have been run; one not sent, or refused, was not."""
    assert explain_statement(OperationalError(number, "x"), read_place(config_of())).unknown is unknown


def test_a_connection_that_never_was_is_not_in_doubt() -> None:
    """A connection lost before a statement was sent says that the server cannot be reached."""
    place = read_place(config_of())
    trouble = explain_connecting(OperationalError(2013, "lost"), place, place.addresses[0])

    assert trouble.error.code == "ZCRM-MYSQL-001"
    assert not trouble.unknown


def test_an_answer_that_is_no_session_is_told_with_its_number() -> None:
    """An error of the server's at the login that zcrm knows nothing of is named by its number."""
    place = read_place(config_of())
    trouble = explain_connecting(OperationalError(1231, "SECRET"), place, place.addresses[0])

    assert "error 1231" in (trouble.error.why or "")
    assert "SECRET" not in str(trouble.error)


def test_an_error_without_a_number_is_named_by_its_kind() -> None:
    """A driver's error without a number still has a code and a text."""
    trouble = explain_statement(ProgrammingError(), read_place(config_of()))

    assert trouble.error.code == "ZCRM-MYSQL-008"
    assert "ProgrammingError" in str(trouble.error)


def test_a_key_has_one_digest() -> None:
    """The primary key is the core's digest: 32 bytes, and another one for each look-alike."""
    digests = {TokenKey(user, "c", "production").digest() for user in ("a", "A", "a ", "á")}

    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == 4
