"""Does a token survive another version of its store?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.story import shown_plain
from zcrm_contract_tests.verdicts import Violation
from zcrm_contract_tests.worker import plain_key, plain_token
from zcrm_contract_tests.workers import result_of
from zcrm_core import StoreError, Token, TokenKey

_MIGRATORS: Final = 8


@promise("TS-34", capabilities=["migrates"], behind=["old_stores"])
def versions(bench: Bench) -> None:
    """What an older version stored is found, also when eight processes start at once; what a newer version
    stored is refused and left as it is.
    """
    for version in bench.author.old_stores(bench.namespace):
        with bench.example():
            wanted = bench.author.old_stores(bench.namespace)[version]()
            bench.story.tell(f"the store is as version {version} left it, with {len(wanted)} tokens")
            _migrate_at_once(bench, version, wanted)
            store = bench.open()
            for key, token in wanted.items():
                store.expect(key, token, f"after version {version} had saved it")
                new = bench.token(key.user_identifier)
                store.save(key, new)
                store.expect(key, new, "after it was saved over an older version's")
    if not bench.reaches("newer_store"):
        bench.note = "a newer version's store was not tried: there is no newer_store()"
        return
    with bench.example():
        bench.author.newer_store(bench.namespace)
        bench.story.tell("the store is as a newer version left it")
        before = dict(bench.dump()) if bench.reaches("raw_dump") else None
        store, key = bench.open(), bench.key()
        _refused("fetch", lambda: store.fetch(key))
        _refused("save", lambda: store.save(key, bench.token()))
        if before is not None:
            now = {name: content for name, content in bench.dump().items() if name in before}
            bench.expect(now == before, "what a newer version stored was changed")


def _refused(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except StoreError:
        return
    raise Violation(f"{what} worked on what a newer version stored, instead of refusing")


def _migrate_at_once(bench: Bench, version: str, wanted: Mapping[TokenKey, Token]) -> None:
    if bench.source.reference() is None or not bench.author.capabilities.shared_between_processes:
        return
    with ExitStack() as open_workers:
        workers = [open_workers.enter_context(bench.worker()) for _ in range(_MIGRATORS)]
        for worker in workers:
            worker.ready()
        for key, token in wanted.items():
            for worker in workers:
                worker.tell("fetch", key=plain_key(key))
            for worker in workers:
                found = result_of(worker.answer())
                bench.expect(
                    found == plain_token(bench.kept(token)),
                    f"when {_MIGRATORS} processes opened what version {version} left, "
                    f"one fetched {shown_plain(found)}",
                )
