"""What do a fetch and a durable save cost in the MySQL store, beside the bare driver and Zoho's own SDK?

The bare driver runs the same statements on a connection that it keeps. Zoho's SDK opens a connection for each
call. All take turns in every round, on one server with its default settings, with one user and with 100,000.
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pymysql
from pymysql.constants import CLIENT

from zcrm_contract_tests import mysql
from zcrm_core import Config, Token, TokenKey
from zcrm_store_mysql.own_table import NAMES, OwnTable, row_of
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.server import Server
from zcrm_store_mysql.settings import read_place

USERS = (1, 1000, 100_000)
FETCHES, SAVES, ZOHOS = 300, 100, 20
"""How many calls one measurement takes; Zoho's SDK is slower by so much that a few will do."""
ZOHO_TABLE = """CREATE TABLE oauthtoken (
    id varchar(10) NOT NULL, user_name varchar(255), client_id varchar(255), client_secret varchar(255),
    refresh_token varchar(255), access_token varchar(255), grant_token varchar(255),
    expiry_time varchar(20), redirect_url varchar(255), api_domain varchar(255), PRIMARY KEY (id))"""
"""The table as the page of Zoho's SDK has it made."""


def key(number: int) -> TokenKey:
    """Make the key of a user."""
    return TokenKey(f"user-{number}@example.com", "1000.CLIENT", "production")


def token(number: int) -> Token:
    """Make a token as long as Zoho's are, another one at each call: an unchanged row would cost no write."""
    access, refresh = (f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}" for _ in range(2))
    return Token(key(number).user_identifier, access, refresh, 1_700_000_000_000, "https://www.zohoapis.com")


def cost(call: Callable[[int], object], times: int) -> float:
    """Give the time of a typical call, the median of so many, in µs; a mean would show other load."""
    found = []
    for number in range(times):
        start = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - start)
    return statistics.median(found) * 1_000_000


@contextmanager
def bare(server: mysql.Server) -> Iterator[pymysql.Connection[pymysql.cursors.Cursor]]:
    """Give a connection as a program without a store would keep it."""
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password.encode(),
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.FOUND_ROWS,
    )
    try:
        yield connection
    finally:
        connection.close()


def fill(server: mysql.Server, database: str, users: int) -> Config:
    """Make a store with so many users."""
    config = Config(
        {
            "client_id": "1000.CLIENT", "client_secret": "s", "db_host": server.host, "db_port": server.port,
            "db_username": server.user, "db_password": server.password, "db_name": database,
        }
    )  # fmt: skip
    MySQLStorePlugin().save(config, key(0), token(0), None)
    with bare(server) as connection, connection.cursor() as cursor:
        names = ", ".join(NAMES)
        values = ", ".join(f"%(new_{name})s" for name in NAMES)
        cursor.executemany(
            f"REPLACE INTO `{database}`.oauthtokens (key_digest, {names}) "  # noqa: S608 - names of ours
            f"VALUES (%(digest)s, {values})",
            [row_of(key(number), token(number)) for number in range(users)],
        )
    return config


def calls(server: mysql.Server, config: Config, users: int) -> dict[str, Callable[[int], object]]:
    """Give the calls to compare; a number picks the user."""
    plugin, place = MySQLStorePlugin(), read_place(config)
    table = OwnTable(place, Server(place))
    select, upsert = table._select.text, table._upsert.text  # noqa: SLF001 - the very statements of the store
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password.encode(),
        charset="utf8mb4",
        autocommit=True,
    )

    def bare_fetch(number: int) -> object:
        with connection.cursor() as cursor:
            cursor.execute(select, {"digest": key(number * 7919 % users).digest()})
            return cursor.fetchone()

    def bare_save(number: int) -> object:
        with connection.cursor() as cursor:
            return cursor.execute(upsert, row_of(key(number % users), token(number % users)))

    return {
        "bare fetch": bare_fetch,
        "fetch": lambda number: plugin.fetch(config, key(number * 7919 % users)),
        "bare save": bare_save,
        "save": lambda number: plugin.save(config, key(number % users), token(number % users), None),
    }


def zohos_calls(server: mysql.Server) -> dict[str, Callable[[int], object]]:
    """Give the calls of Zoho's SDK, with one user; none where it is not installed."""
    try:
        from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken  # noqa: PLC0415 - optional
        from zohocrmsdk.src.com.zoho.api.authenticator.store.db_store import DBStore  # noqa: PLC0415 - optional
        from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature  # noqa: PLC0415 - optional
    except ImportError:
        return {}
    server.sql("CREATE DATABASE zoho_sdk")
    server.sql(ZOHO_TABLE, "zoho_sdk")
    store = DBStore(server.host, "zoho_sdk", server.user, server.password, server.port)

    def asked() -> OAuthToken:
        user = UserSignature("user-0@example.com")
        return OAuthToken(user_signature=user, client_id="1", client_secret="s", refresh_token="r")  # noqa: S106 - a value for the measurement

    def save(number: int) -> object:
        made = asked()
        made.set_access_token(token(number).access_token)
        return store.save_token(made)

    save(0)
    return {"Zoho's fetch": lambda _: store.find_token(asked()), "Zoho's save": save}


def run(rounds: int) -> None:
    """Print the medians in µs, and the ratios to the bare driver's.

    Args:
        rounds: how often everything is measured.
    """
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    with mysql.start_server() as server:
        sizes = {users: fill(server, f"bench_{users}", users) for users in USERS}
        work = {users: calls(server, config, users) for users, config in sizes.items()}
        zohos = zohos_calls(server)
        work[USERS[0]].update(zohos)
        for _ in range(rounds):
            for users, compared in work.items():
                for name, call in compared.items():
                    times = ZOHOS if name in zohos else FETCHES if "fetch" in name else SAVES
                    found[users, name].append(cost(call, times))
        print(f"MySQL {server.version}: medians of {rounds} in µs, and in brackets times the bare driver")
    print(f"{'':16}" + "".join(f"{f'{users} users':>18}" for users in USERS))
    for name in ("bare fetch", "fetch", "bare save", "save", *zohos):
        medians = [statistics.median(found[users, name]) for users in USERS if (users, name) in found]
        beside = [
            statistics.median(found[users, f"bare {name.split()[-1]}"]) for users in USERS[: len(medians)]
        ]
        cells = (
            f"{f'{median:.0f} ({median / other:.2f})':>18}"
            for median, other in zip(medians, beside, strict=True)
        )
        print(f"{name:16}" + "".join(cells))
    if not zohos:
        print("Zoho's SDK is not installed: pip install zohocrmsdk8_0 mysql-connector-python")
