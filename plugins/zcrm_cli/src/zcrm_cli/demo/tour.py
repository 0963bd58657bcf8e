"""What does the demonstration show, step by step, and in which processes?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zcrm_cli.demo.narrator import Narrator
from zcrm_cli.scopes import SCOPES
from zcrm_core import Client
from zcrm_simulator import Simulator
from zcrm_simulator.data.seed import COUNTS

_CONFIG: Final = "zcrm.toml"
_TOKENS: Final = "zcrm_oauthtokens.txt"
_THREADS: Final = 8
_HOUR_SECONDS: Final = 3_600
_PRIVATE: Final = 0o600


def tour(*, keep: bool, debug: bool) -> None:
    """Run the whole demonstration.

    Args:
        keep: leave the folder with the configuration and the tokens where it is.
        debug: the other process shows the traceback of an error too.

    Raises:
        Unexpected: something was not as promised.
        SystemExit: the other process failed; it has said why.
    """
    narrator = Narrator()
    narrator.title("zcrm demo: what zcrm does, against a simulated Zoho on this machine")
    with _without_proxy(), _folder(keep=keep) as folder, Simulator() as zoho:
        config = zoho.config() | {
            "current_user_email": zoho.users[0].email,
            "api_version": "v8",
            "token_persistence_path": str(folder),
        }
        _meet_zoho(narrator, zoho)
        with Client(config) as client:
            _log_in(narrator, client, config, zoho.grant_token(SCOPES))
            _work_elsewhere(folder / _CONFIG, config, debug=debug)
            _let_an_hour_pass(narrator, client, zoho)
    _say_goodbye(narrator, folder if keep else None)


def _meet_zoho(narrator: Narrator, zoho: Simulator) -> None:
    narrator.step(
        1,
        "A Zoho of your own",
        "The simulator answers as Zoho's accounts and CRM servers do, with a company's data in it.",
    )
    narrator.code("zoho = Simulator().start()")
    company = zoho.organization
    narrator.facts(
        [
            ("Address", zoho.url),
            ("Organisation", company.company_name),
            (
                "Users",
                f"{len(company.users)}, {len(company.roles)} roles, {len(company.profiles)} profiles",
            ),
            ("Records", ", ".join(f"{count} {module}" for module, count in COUNTS.items())),
        ]
    )


def _log_in(narrator: Narrator, client: Client, config: Mapping[str, str], grant_token: str) -> None:
    narrator.step(
        2,
        "Log in once",
        "A client exchanges a grant token, which works once, for tokens that last. Its configuration:",
    )
    narrator.facts((key, "**********" if key == "client_secret" else value) for key, value in config.items())
    narrator.code("client = Client(config)", "client.oauth.generate_access_token(grant_token)")
    token = client.oauth.generate_access_token(grant_token)
    path = Path(config["token_persistence_path"], _TOKENS)
    mode = path.stat().st_mode & 0o777
    narrator.expect(
        f"the store {client.token_store} keeps the tokens of {token.user_identifier}", path.is_file()
    )
    narrator.expect(f"{path.name} has the mode 0600, so nobody else can read it", mode == _PRIVATE)


def _work_elsewhere(path: Path, config: Mapping[str, str], *, debug: bool) -> None:
    """Let another process do steps 3 to 5; it is given the configuration and nothing else."""
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    command = [sys.executable, "-m", "zcrm_cli", *(["--debug"] if debug else []), "demo-worker", str(path)]
    # It starts in the demonstration's folder: python -m puts the working folder before the installed wheels.
    done = subprocess.run(command, cwd=path.parent, check=False)  # noqa: S603 - our own command
    if done.returncode:
        sys.exit(done.returncode if done.returncode > 0 else 1)


def _let_an_hour_pass(narrator: Narrator, client: Client, zoho: Simulator) -> None:
    narrator.step(
        6,
        "An hour later",
        f"Zoho's clock moves past the access token's end. Then {_THREADS} threads call at the same time.",
    )
    narrator.code("zoho.clock.advance(3600)", f"client.users.current()  # in {_THREADS} threads at once")
    before = zoho.counters
    zoho.clock.advance(_HOUR_SECONDS)
    with ThreadPoolExecutor(_THREADS) as pool:
        calls = [pool.submit(client.users.current) for _ in range(_THREADS)]
    users = {call.result().email for call in calls}
    after = zoho.counters
    narrator.table(
        ("Zoho counted", "before", "after"),
        [
            ("refreshes", str(before.refreshes), str(after.refreshes)),
            ("grant tokens exchanged", str(before.exchanges), str(after.exchanges)),
        ],
    )
    narrator.expect(f"all {_THREADS} calls were answered; no caller noticed", users == {client.user})
    narrator.expect("the token was refreshed exactly once", after.refreshes - before.refreshes == 1)
    narrator.expect("nobody had to log in again", after.exchanges == before.exchanges == 1)


def _say_goodbye(narrator: Narrator, kept: Path | None) -> None:
    narrator.title("What you saw")
    narrator.say(
        "One login served two processes and eight threads. The tokens lay in a private file, an "
        "expired one was refreshed once, and a batch told the outcome of every record."
    )
    narrator.title("What to do next")
    narrator.facts(
        [
            ("zcrm simulator serve", "try your own code against the simulator"),
            ("zcrm login", "log in to your own Zoho"),
            ("zcrm demo --live", "see your own data; nothing is written"),
        ]
    )
    if kept is not None:
        narrator.title("What is kept")
        narrator.say(f"The configuration and the tokens, in {kept}")


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """Give a folder that only this user may enter; it is removed at the end unless it is to be kept."""
    if keep:
        yield Path(tempfile.mkdtemp(prefix="zcrm-demo-")).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="zcrm-demo-") as name:
        yield Path(name).resolve()


@contextmanager
def _without_proxy() -> Iterator[None]:
    """Let calls to this machine pass by a proxy that the environment names."""
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = "127.0.0.1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before
