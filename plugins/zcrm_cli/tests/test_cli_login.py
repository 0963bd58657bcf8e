"""Does `zcrm login` turn a grant token into stored tokens, and say what is wrong when it cannot?"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from zcrm_cli.scopes import SCOPES
from zcrm_cli.unsaved import give_up
from zcrm_core import Client, Config, StoreError, StoreUnavailable, Token, TokenKey, TokenStorePlugin
from zcrm_simulator import Simulator
from zcrm_simulator.crm.routes import ROUTES
from zcrm_simulator.scopes import covers, unknown_scopes

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Configure = Callable[..., Path]
Terminal = Callable[..., "tuple[int, str]"]
HIDDEN = "(not shown): "
"""The question whole: its last blank is written when the terminal has stopped to echo and to drop input."""


def test_a_good_grant_logs_in(
    run: Run, configure: Configure, zoho: Simulator, grant: str, tmp_path: Path
) -> None:
    """The user is named, the tokens are in the file of mode 0600 that is named, and no secret is shown."""
    configure()

    done = run("login", given=f"{grant}\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Logged in as {zoho.users[0].email}." in done.stdout
    assert f"token_persistence_path = {tmp_path / 'tokens'}" in done.stdout
    kept = tmp_path / "tokens" / "zcrm_oauthtokens.txt"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert grant not in done.stdout
    assert zoho.counters.exchanges == 1


def test_zoho_names_the_user(run: Run, configure: Configure, zoho: Simulator) -> None:
    """Where no user is configured Zoho's answer names one, and the key to set is told."""
    configure(current_user_email=None)
    priya = zoho.users[2].email

    done = run("login", given=zoho.grant_token(["AaaServer.profile.READ"], user=priya))

    assert f"Logged in as {priya}." in done.stdout
    assert f'set current_user_email = "{priya}"' in done.stdout


def test_the_option_names_the_user(run: Run, configure: Configure, grant: str) -> None:
    """--user decides whose token it is, whatever the configuration says."""
    configure()

    assert (
        "Logged in as team@hollowbrook.example."
        in run("login", "--user", "team@hollowbrook.example", given=grant).stdout
    )
    assert "team@hollowbrook.example" in run("token", "list").stdout


def test_a_used_grant_is_refused(run: Run, configure: Configure, grant: str) -> None:
    """A second use of a grant token fails with its code and the way out, without a traceback."""
    configure()
    run("login", given=grant)

    done = run("login", given=grant)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ZCRM-AUTH-002: ")
    assert "Make a new grant token" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["1000.abc.def", "", "\n"], ids=["unknown", "nothing", "empty line"])
def test_a_wrong_grant_is_refused(run: Run, configure: Configure, given: str) -> None:
    """What is no grant token is refused with the same code, and nothing is stored."""
    configure()

    assert "ZCRM-AUTH-002" in run("login", given=given).stderr
    assert "No user has a token yet." in run("token", "list").stdout


def test_a_standard_input_without_end_is_refused(
    configure: Configure, environment: dict[str, str], tmp_path: Path, zoho: Simulator
) -> None:
    """What is piped in by mistake is not read to its end, and Zoho is not asked."""
    configure()
    # With a limit on its memory, a command that reads on fails here instead of taking the machine's.
    command = f"ulimit -v 4000000; {shlex.quote(sys.executable)} -m zcrm_cli login < /dev/zero"

    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("ZCRM-AUTH-002: Standard input holds more than 10,000 characters")
    assert zoho.counters.exchanges == 0


def test_debug_shows_the_traceback_and_no_secret(run: Run, configure: Configure, zoho: Simulator) -> None:
    """--debug, before or behind the command, shows where the error comes from, and neither secret."""
    configure()
    secret = zoho.config()["client_secret"]

    for arguments in (("--debug", "login"), ("login", "--debug")):
        done = run(*arguments, given="1000.0123456789abcdef.0123456789abcdef")

        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "ZCRM-AUTH-002" in done.stderr
        assert secret not in done.stderr
        assert "0123456789abcdef" not in done.stderr


def test_a_wrong_client_secret_is_named(run: Run, configure: Configure, grant: str) -> None:
    """The key at fault is named and its value is not shown."""
    configure(client_secret="wrong-secret")

    done = run("login", given=grant)

    assert done.returncode == 1
    assert "ZCRM-AUTH-007" in done.stderr
    assert "client_secret" in done.stderr
    assert "wrong-secret" not in done.stderr


def test_every_wrong_key_is_told(run: Run, configure: Configure) -> None:
    """Each problem of a configuration has its own code, and a slip gets the nearest known key."""
    configure(client_id=None, regoin="eu")

    done = run("login", given="grant")

    assert done.returncode == 1
    assert "ZCRM-CONFIG-002: There is no key regoin." in done.stderr
    assert "Did you mean region?" in done.stderr
    assert "ZCRM-CONFIG-003: The key client_id is missing." in done.stderr


def test_nothing_to_read_from_is_told(
    configure: Configure, environment: dict[str, str], tmp_path: Path
) -> None:
    """Started without a standard input, as by a service manager, the command says that no grant came."""
    configure()
    command = f"{shlex.quote(sys.executable)} -m zcrm_cli login <&-"

    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("ZCRM-AUTH-002: The grant token is empty")


@pytest.mark.parametrize("command", [("token", "status"), ("logout",)])
def test_who_is_meant_is_asked_for_by_the_option_of_the_command(
    command: tuple[str, ...], run: Run, configure: Configure
) -> None:
    """Without current_user_email the error names what a person at a terminal can do."""
    configure(current_user_email=None)

    done = run(*command)

    assert done.returncode == 1
    assert "--user" in done.stderr


def test_html_instead_of_json_is_told(run: Run, configure: Configure, zoho: Simulator, grant: str) -> None:
    """The page of a gateway is an error of the network, not a crash."""
    configure()
    zoho.faults.add("/oauth/v2/token", kind="html", status=200)

    done = run("login", given=grant)

    assert done.returncode == 1
    assert "ZCRM-HTTP-003" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_connection_is_told(run: Run, configure: Configure, zoho: Simulator) -> None:
    """Where nothing listens the address is named."""
    configure(max_retries="0")
    url = zoho.url
    zoho.stop()

    done = run("login", given="1000.abc.def")

    assert done.returncode == 1
    assert "ZCRM-HTTP-001" in done.stderr
    assert url in done.stderr


def test_the_terminal_hides_the_grant(at_terminal: Terminal, configure: Configure, grant: str) -> None:
    """At a terminal the grant token is asked for, with the way to get one, and is not echoed."""
    configure()

    code, screen = at_terminal("login", answers={HIDDEN: grant})

    assert code == 0
    assert "zcrm simulator grant --url" in screen
    assert "Logged in as" in screen
    assert grant not in screen


def test_the_terminal_names_the_console_and_the_scopes(at_terminal: Terminal, tmp_path: Path) -> None:
    """For the real Zoho the console of the right data centre is named; Ctrl-D ends without a traceback."""
    (tmp_path / "zcrm.toml").write_text(
        'client_id = "1000.A"\nclient_secret = "s"\nregion = "eu"\ntoken_persistence_path = "t"\n',
        encoding="utf-8",
    )

    code, screen = at_terminal("login", answers={HIDDEN: "\x04"})

    assert code == 130
    assert "https://api-console.zoho.eu" in screen
    assert "AaaServer.profile.READ" in screen
    assert "Traceback" not in screen


def test_a_token_without_a_name_is_not_lost(
    at_terminal: Terminal, run: Run, configure: Configure, zoho: Simulator
) -> None:
    """When Zoho does not say whose token it is the terminal asks, and the token is kept under the answer."""
    configure(current_user_email=None)
    grant = zoho.grant_token(["ZohoCRM.users.ALL"])

    code, screen = at_terminal("login", answers={HIDDEN: grant, "Whose token": "me@hollowbrook.example"})

    assert code == 0
    assert "Logged in as me@hollowbrook.example." in screen
    assert "me@hollowbrook.example" in run("token", "list").stdout
    assert zoho.counters.exchanges == 1


def test_who_does_not_name_a_token_leaves_none_at_zoho(
    at_terminal: Terminal, configure: Configure, zoho: Simulator
) -> None:
    """Ctrl-D where the terminal asks whose token it is ends the command, and the token with it."""
    configure(current_user_email=None)
    grant = zoho.grant_token(["ZohoCRM.users.ALL"])

    code, screen = at_terminal("login", answers={HIDDEN: grant, "Whose token": "\x04"})

    assert (code, "Traceback" in screen) == (130, False)
    assert zoho.counters.revocations == 1


def test_without_a_terminal_a_token_without_a_name_is_an_error(
    run: Run, configure: Configure, zoho: Simulator
) -> None:
    """Nobody can be asked, so the error says how to name the user, and the tokens do not live on at Zoho."""
    configure(current_user_email=None)

    done = run("login", given=zoho.grant_token(["ZohoCRM.users.ALL"]))

    assert done.returncode == 1
    assert "ZCRM-AUTH-010" in done.stderr
    assert "--user" in done.stderr
    assert "they are revoked" in " ".join(done.stderr.split())
    assert zoho.counters.revocations == 1


def test_the_usual_scopes_are_enough_for_every_call() -> None:
    """Who logs in without --scope lacks no scope that any call needs, in any version."""
    needed = {one for rule in ROUTES.iter_rules() for one in rule.endpoint.scopes}

    assert not unknown_scopes(SCOPES)
    assert len(needed) > len(SCOPES)
    assert {one for one in needed if not covers(SCOPES, one.format(module="Leads"))} == set()


@pytest.mark.parametrize("version", ["v2", "v8"])
def test_the_usual_scopes_cover_what_has_a_scope_of_its_own(
    version: str, run: Run, configure: Configure, zoho: Simulator
) -> None:
    """A file is uploaded and a view is updated with a grant token made and used without any option."""
    path = configure(api_version=version)
    grant = run("simulator", "grant", "--url", zoho.url).stdout
    assert run("login", given=grant).returncode == 0
    table = io.BytesIO()
    with zipfile.ZipFile(table, "w") as archive:
        archive.writestr("Leads.csv", "Last_Name\nRao\n")

    with Client.from_file(path) as client:
        organization = str(client.org.get().zgid)
        assert client.bulk.upload(table.getvalue(), org_id=organization, name="leads.zip")
        leads = client.module("Leads")
        view = next(one.id for one in leads.custom_views())
        assert leads.mass_update_view(str(view), {"City": "Pune"}).id


def test_the_page_of_the_command_has_the_usual_scopes() -> None:
    """What is asked for without --scope stands in the reference, each scope with what it is for."""
    page = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text(encoding="utf-8")
    table = page.split("| scope | for |")[1].split("\n\n")[0]
    first = " ".join(line.split("|")[1] for line in table.splitlines() if "|" in line)

    assert sorted(re.findall(r"`(\w+\.\w+\.\w+)`", first)) == sorted(SCOPES)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "en_US.UTF-8"])
@pytest.mark.parametrize("mode", ["", "strict"])
def test_bytes_for_a_grant_token_are_told(
    locale: str, mode: str, configure: Configure, environment: dict[str, str], tmp_path: Path
) -> None:
    """What is no text in the terminal's encoding is a wrong grant token too."""
    configure()
    encoding = {"PYTHONIOENCODING": f"utf-8:{mode}"} if mode else {}

    done = subprocess.run(
        [sys.executable, "-m", "zcrm_cli", "login"],
        input=b"\xff\xfe",
        env={**environment, "LC_ALL": locale, **encoding},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(b"ZCRM-AUTH-002: The grant token has characters")


READ_ONLY = """
class Mine:
    def saveOAuthData(self, token): raise OSError("read-only")
    def getOAuthTokens(self, user): return None
    def deleteOAuthTokens(self, user): pass
"""


@pytest.mark.parametrize("named", [True, False], ids=["user known", "user unknown"])
def test_tokens_that_are_not_kept_are_revoked(
    run: Run, configure: Configure, zoho: Simulator, grant: str, tmp_path: Path, *, named: bool
) -> None:
    """The grant is used up and nobody holds the tokens, so they end; the way on is a new grant token."""
    (tmp_path / "mine.py").write_text(READ_ONLY, encoding="utf-8")
    more = {} if named else {"current_user_email": None}
    configure(persistence_handler_class_path="mine.py", **more)

    done = run("login", given=grant)

    said = " ".join(done.stderr.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert said.startswith("ZCRM-CUSTOM-008: ")
    assert "nobody has kept them, and they are revoked." in said
    assert "make a new one" in said
    assert zoho.counters.requests["POST /oauth/v2/token/revoke"] == 1


def test_tokens_that_are_neither_kept_nor_revoked_are_told(
    run: Run, configure: Configure, zoho: Simulator, grant: str, tmp_path: Path
) -> None:
    """Where Zoho does not answer, the error of the store says that they live on."""
    (tmp_path / "mine.py").write_text(READ_ONLY, encoding="utf-8")
    configure(persistence_handler_class_path="mine.py", max_retries="0")
    zoho.faults.add("/oauth/v2/token/revoke", kind="status", status=503)

    said = " ".join(run("login", given=grant).stderr.split())

    assert said.startswith("ZCRM-CUSTOM-008: ")
    assert "to revoke them failed as well" in said
    assert "so they live on at Zoho" in said


def test_a_stored_login_is_not_revoked_with_tokens_that_are_not_kept(zoho: Simulator, tmp_path: Path) -> None:
    """With a second consent Zoho issues no refresh token, so the stored one is that of the first login."""
    stored = Token("a@example.com", "old", "the stored one", 1)
    keys = {**zoho.config(), "token_persistence_path": str(tmp_path / "tokens")}
    error = StoreError("It is full.")
    error.unsaved = replace(stored, access_token="new")
    with Client(keys) as client:
        client.tokens.save(stored)

        give_up(client, "a@example.com", error)

    assert "they are not revoked" in str(error)
    assert "POST /oauth/v2/token/revoke" not in zoho.counters.requests


class Ended(TokenStorePlugin):
    """A store that has just ended."""

    name = "ended"
    priority = 903

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        raise StoreUnavailable("It has ended.")

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        raise StoreUnavailable("It has ended.")

    def delete(self, config: Config, key: TokenKey) -> bool:
        raise StoreUnavailable("It has ended.")


@pytest.mark.parametrize(("user", "revoked"), [("a@example.com", False), (None, True)])
def test_where_the_store_cannot_be_read_a_login_that_may_be_stored_is_not_revoked(
    zoho: Simulator, user: str | None, *, revoked: bool
) -> None:
    """Of a user known beforehand the store was read, so that the refresh token may come from there."""
    error = StoreUnavailable("It has ended.")
    error.unsaved = Token("a@example.com", "new", "perhaps the stored one", 1)
    with Client(zoho.config(), token_store=Ended()) as client:
        give_up(client, user, error)

    assert ("they are revoked" in error.why) == revoked
    assert ("POST /oauth/v2/token/revoke" in zoho.counters.requests) == revoked


@pytest.mark.parametrize("user", ['x"; DROP\\', "a\u200bb", "a\U000e0001b"])
def test_the_line_to_be_set_is_toml(run: Run, configure: Configure, grant: str, user: str) -> None:
    """Quotes and what cannot be seen are escaped, so that the line may be copied."""
    tomllib = pytest.importorskip("tomllib")
    configure()

    done = run("login", "--user", user, given=grant)

    [line] = [line for line in done.stdout.splitlines() if line.startswith("To use them, set ")]
    assert line.isprintable()
    assert tomllib.loads(line.removeprefix("To use them, set ").removesuffix(".")) == {
        "current_user_email": user
    }
