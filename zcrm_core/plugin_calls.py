"""What does one plugin answer to a hook, and if that fails, is it the plugin or one that wraps it?"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Final

import pluggy

from zcrm_core.config import Config
from zcrm_core.config_keys import KEYS
from zcrm_core.errors import ConfigError, PluginError, StoreError, ZcrmError
from zcrm_core.interrupts import ends_the_program
from zcrm_core.plugin_info import PluginInfo, cure
from zcrm_core.redaction import holds_a_secret, masked, plain, told
from zcrm_core.tokens import Secret

__all__ = [
    "Answer",
    "Author",
    "Failed",
    "PluginHook",
    "failure",
    "nonsense",
    "refusal",
    "secrets_of",
    "unusable",
]

_BROKEN: Final = "An answer that is not what the hook promises cannot be used."
_SHORTEST: Final = 4
"""A shorter text stands in too many words that are no secret."""
_SECRET_NAMES: Final = ("secret", "password", "token")


@dataclass(frozen=True, slots=True)
class Author:
    """Whose answer or whose failure it is.

    Args:
        hook: the hook that was asked.
        plugins: the plugin; several where any of them may be the one.
        wraps: the plugin that was asked, where those above wrap its hook; else ``None``.
    """

    hook: str
    plugins: tuple[PluginInfo, ...]
    wraps: PluginInfo | None = None

    def __str__(self) -> str:
        names = " or ".join(map(str, self.plugins))
        return names if self.wraps is None else f"{names}, which wraps {self.hook} of {self.wraps}"

    def called(self, kind: str) -> str:
        """Give the beginning of a sentence about it, such as "The store mine (mine-wheel 1.2)".

        Args:
            kind: what the plugin that was asked is: a store, a plugin.
        """
        names = " or ".join(map(str, self.plugins))
        if self.wraps is None:
            return f"The {kind} {names}"
        return f"The plugin {names}, which wraps {self.hook} of the {kind} {self.wraps},"

    @property
    def cure(self) -> str:
        """What to do about it."""
        return " ".join(map(cure, self.plugins))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and who gave it."""

    value: object
    author: Author


@dataclass(frozen=True, slots=True)
class Failed:
    """What was raised instead, and by whom."""

    error: BaseException
    author: Author


class PluginHook:
    """One hook of one plugin. It is asked through pluggy, so the wrappers of all plugins run around it.

    Args:
        info: the plugin.
        own: its function.
        around: pluggy's caller that has the wrappers, and no other plugin's answer.
        wrappers: these wrappers, each with its plugin.
    """

    def __init__(
        self,
        info: PluginInfo,
        own: pluggy.HookImpl,
        around: pluggy.HookCaller,
        wrappers: Sequence[tuple[PluginInfo, pluggy.HookImpl]],
    ) -> None:
        self._own = own
        self._around = around
        self._wrappers = wrappers
        self.author = Author(around.name, (info,))

    def __call__(self, **arguments: object) -> object:
        """Give the answer as it comes; an error is whatever was raised."""
        return self._run([], arguments)

    def ask(self, **arguments: object) -> Answer | Failed:
        """Give the answer or the failure, with its author; what ends the program is raised as it is."""
        seen: list[object] = []
        try:
            answer = self._run(seen, arguments)
        except BaseException as error:
            if ends_the_program(error):
                raise
            return Failed(error, self._author(error, seen, _codes(error)))
        return Answer(answer, self._author(answer, seen))

    def _run(self, seen: list[object], arguments: dict[str, object]) -> object:
        """Ask, and note what the plugin itself gave or raised: a wrapper may make something else of it."""

        def ask() -> object:
            try:
                seen.append(self._own.function(*[arguments[name] for name in self._own.argnames]))
            except BaseException as error:
                seen.append(error)
                raise
            return seen[-1]

        answer: object = self._around.call_extra([ask], arguments)
        if self._around.spec is not None and self._around.spec.opts["firstresult"]:
            return answer
        # Where every plugin is asked, pluggy gives a list; this plugin is the only one in it.
        return next(iter(answer), None) if isinstance(answer, list) and not answer[1:] else answer

    def _author(self, outcome: object, seen: Iterable[object], codes: Iterable[CodeType] = ()) -> Author:
        """The plugin, if this is what it gave; else the wrapper whose code ran last, or any of them."""
        if not self._wrappers or any(outcome is each for each in seen):
            return self.author
        wrappers = [(info, inspect.unwrap(wrapper.function)) for info, wrapper in self._wrappers]
        for code in codes:
            those = [info for info, function in wrappers if getattr(function, "__code__", None) is code]
            if those:
                break
        else:
            those = [info for info, _ in wrappers]
        return Author(self.author.hook, tuple(dict.fromkeys(those)), *self.author.plugins)


def secrets_of(config: Config) -> list[str]:
    """Give what a plugin can read in a configuration and no text may show.

    Of a plugin's own keys nobody knows which are secret; those whose name says so are taken for it.
    """
    values = [
        value.reveal() if isinstance(value, Secret) else value
        for key in config
        if isinstance(value := config.get(key), Secret)
        or (key not in KEYS and any(name in key for name in _SECRET_NAMES))
    ]
    return [value for value in values if isinstance(value, str) and len(value) >= _SHORTEST]


def failure(failed: Failed, secrets: Iterable[str]) -> PluginError:
    """Give the error that names the plugin which failed, and says what it raised.

    Args:
        failed: what happened.
        secrets: what the plugin was given and no text may show.
    """
    error, author = failed.error, failed.author
    what = f"{author.called('plugin')} failed in {author.hook}."
    why, fix = told(error, secrets), author.cure
    if isinstance(error, ZcrmError):  # it has a cure of its own
        what = f"{author.called('plugin')} failed in {author.hook}: [{error.code}] {error.what}"
        why, fix = error.why, f"{error.fix} Or: {fix}"
    problem = PluginError(
        _clean(what, secrets), why=_clean(why, secrets), fix=_clean(fix, secrets), code="ZCRM-PLUGIN-003"
    )
    if not _shows_a_secret(error, secrets):
        problem.__cause__ = error
    return problem


def refusal(failed: Failed, secrets: Iterable[str]) -> ConfigError | None:
    """Give a plugin's own word on the configuration, with the plugin's name; ``None`` for any other failure.

    Args:
        failed: what happened.
        secrets: what the plugin was given and no text may show.
    """
    error, author = failed.error, failed.author
    if not isinstance(error, ConfigError) or author.wraps is not None:
        return None
    why = f"{error.why} {author.called('plugin')} says so."
    word = ConfigError(
        _clean(error.what, secrets),
        why=_clean(why, secrets),
        fix=_clean(error.fix, secrets),
        code=_clean(error.code, secrets),
    )
    if not _shows_a_secret(error, secrets):
        word.__cause__ = error
    return word


def unusable(store: PluginInfo, problem: StoreError, secrets: Iterable[str]) -> StoreError:
    """Give a store's own word on why it cannot be used, under the store's name.

    Args:
        store: the store in force.
        problem: what it says; its code, its cure and whether it may pass are kept.
        secrets: what no text may show.
    """
    what = _clean(f"The store {store} cannot be used: {problem.what}", secrets)
    named = StoreError(
        what,
        why=_clean(problem.why, secrets),
        fix=_clean(problem.fix, secrets),
        code=_clean(problem.code, secrets),
    )
    named.retryable = problem.retryable
    if not _shows_a_secret(problem, secrets):
        named.__cause__ = problem.__cause__
    return named


def _shows_a_secret(error: BaseException, secrets: Iterable[str]) -> bool:
    """Tell whether an error's traceback, which a program may print, has a secret in it."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - an error whose text cannot be had is not shown either
        return True
    return holds_a_secret(text, secrets)


def nonsense(
    author: Author, found: str, expected: str, secrets: Iterable[str], why: str = _BROKEN
) -> PluginError:
    """Give the error for an answer that cannot be used.

    Args:
        author: whose answer it is.
        found: what it is, without what it holds.
        expected: what the hook promises.
        secrets: what the plugin was given and no text may show.
        why: the reason, where the usual one does not fit.
    """
    what = f"{author.called('plugin')} answered {author.hook} with {found} instead of {expected}."
    return PluginError(_clean(what, secrets), why=why, fix=author.cure, code="ZCRM-PLUGIN-003")


def _clean(text: str, secrets: Iterable[str]) -> str:
    return plain(masked(str(text), secrets))  # an error of a plugin's own may hold anything


def _codes(error: BaseException) -> list[CodeType]:
    """The code that an error came through, where it was raised first."""
    codes: list[CodeType] = []
    trace = error.__traceback__
    while trace is not None:
        codes.insert(0, trace.tb_frame.f_code)
        trace = trace.tb_next
    return codes
