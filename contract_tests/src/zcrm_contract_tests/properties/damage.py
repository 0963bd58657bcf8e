"""What does a store make of content that was damaged?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StoreError, Token

_HUGE: Final = 8 * 1024 * 1024


_FIXED: Final[Mapping[str, bytes]] = {
    "empty": b"",
    "list": b"[]",
    "null": b"null",
    "number": b"1e999",
    "object": b"{}",
    "text": b"token",
    "deep": b"[" * 100_000,
    "huge": b'{"a":"' + b"x" * _HUGE,
    "html": b"<html>\r\n</html>",
}


def _cut(content: bytes, at: int) -> bytes:
    return content[: at % max(len(content), 1)]


def _flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content or b"\0")
    changed[at % len(changed)] ^= 1 << (at % 8)
    return bytes(changed)


_CHANGED: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "cut": _cut,
    "flip": _flipped,
    "mark": lambda content, _: b"\xef\xbb\xbf" + content,
    "wide": lambda content, _: content.decode("latin-1").encode("utf-16"),
    "zeros": lambda content, _: bytes(len(content)),
    "twice": lambda content, _: content * 2,
}
_KINDS: Final = (*_FIXED, *_CHANGED)


@promise(
    "TS-23",
    behind=["raw_dump", "raw_load"],
    kind=st.sampled_from(_KINDS),
    part=st.integers(0, 7),
    at=st.integers(0, 4095),
    pinned=[
        {"kind": kind, "part": part, "at": at}
        for kind in (*_KINDS, "swap")
        for part in (0, 1)
        for at in ((0, 1, 40, 97) if kind in ("cut", "flip") else (0,))
    ],
)
def damaged(bench: Bench, kind: str, part: int, at: int) -> None:
    """Damaged content is a StoreError that names it: never another user's token, never None, never deleted by
    reading; other users are not mixed up, and a save that succeeds mends it.
    """
    store, mine, yours = bench.open(), bench.key(), bench.key("other@example.com")
    token, other = bench.token(), bench.token("other@example.com")
    store.save(mine, token)
    store.save(yours, other)
    parts = dict(bench.dump())
    if not parts:
        raise Violation("what is stored has no parts although two tokens were saved")
    for planted, name in _plantings(kind, parts, part, at):
        bench.load(planted)
        bench.story.tell(f"damage {Path(name).name}: {kind}, {len(planted[name])} bytes now")
        left = dict(bench.dump())
        for own in (token, other):
            _right_or_refused(bench, store, own, kind, name)
        if bench.author.capabilities.lists:
            _refused(store.list)
        bench.expect(dict(bench.dump()) == left, "reading damaged content changed or deleted it")
        if kind != "flip":
            _never_replaced(bench, store, token)
        new = bench.token()
        try:
            store.save(mine, new)
        except StoreError:
            bench.story.tell("  it was refused")
        else:
            store.expect(mine, new, "after a save over damaged content succeeded")
            with suppress(StoreError):
                found = store.fetch(yours)  # what was damaged of it may be gone, or set aside
                bench.expect(
                    found is None or getattr(found, "user_identifier", None) == yours.user_identifier,
                    "after a save over damaged content, fetch gave another user's token",
                )
        bench.load({name: planted[name]})
        _refused(lambda: store.delete(mine))


def _refused(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreError:
        return
    except Exception as error:
        raise Violation(
            f"damaged content raised {type(error).__name__} instead of a StoreError: {error}"
        ) from error


def _never_replaced(bench: Bench, store: Handle, stored: Token) -> None:
    """Replace a token that was never stored: whatever the damage, that must not go through."""
    key, other = bench.key(stored.user_identifier), bench.token(stored.user_identifier)
    try:
        store.save(key, bench.token(stored.user_identifier), other)
    except StoreError:
        return
    raise Violation("over damaged content, a token was replaced that was never there")


def _plantings(
    kind: str, parts: dict[str, bytes], part: int, at: int
) -> Iterator[tuple[dict[str, bytes], str]]:
    names = sorted(parts)
    if kind == "swap":
        for one, two in permutations(names, 2):
            yield {**parts, one: parts[two]}, one
        return
    name = names[part % len(names)]
    content = _FIXED[kind] if kind in _FIXED else _CHANGED[kind](parts[name], at)
    yield {**parts, name: content}, name


def _right_or_refused(bench: Bench, store: Handle, own: Token, kind: str, part: str) -> None:
    key = bench.key(own.user_identifier)
    try:
        found = store.fetch(key)
    except StoreError as error:
        named = [
            Path(part).name,
            key.user_identifier,
            *([bench.files.name] if bench.reaches("files") else []),
        ]
        bench.expect(
            any(name and name in str(error) for name in named),
            f"the error about damaged content does not say where it is: {error.what}",
        )
        return
    except Exception as error:
        raise Violation(
            f"damaged content raised {type(error).__name__} instead of a StoreError: {error}"
        ) from error
    if kind == "flip" and (found is None or isinstance(found, Token)):
        # One bit of a value can make another value; it can never make another user's.
        bench.expect(
            found is None or getattr(found, "user_identifier", None) == own.user_identifier,
            f"after one bit was changed, fetch gave another user's token for {key.user_identifier!r}",
        )
        return
    bench.expect(
        found == own,
        f"damaged content was answered with {'None' if found is None else 'another token'}, "
        f"as if nothing was wrong",
    )
