"""How is a plugin's module imported, so that one that never comes to an end holds nobody up for ever?"""

from __future__ import annotations

import inspect
import sys
import threading
from importlib.metadata import EntryPoint

__all__ = ["PluginHangs", "load"]

LOADING_SECONDS = 20.0
"""How long one plugin's import may take. The slowest honest ones take two seconds on a cold disk."""

_hanging: dict[str, _Import] = {}


class PluginHangs(Exception):
    """The import of a plugin has not come to its end in time."""


class _Import(threading.Thread):
    """The import of one entry point; a daemon, so that a program can end although it never does."""

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(name=f"zcrm import of {entry.value}", daemon=True)
        self._entry = entry
        self._found: object = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._found = self._entry.load()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._error = error

    def result(self) -> object:
        """Wait, and give what was loaded.

        Raises:
            PluginHangs: it takes too long.
            BaseException: whatever the import raised.
        """
        self.join(LOADING_SECONDS)
        if self.is_alive():
            raise PluginHangs(f"its import did not end within {LOADING_SECONDS:g} s")
        if isinstance(self._error, KeyboardInterrupt):
            # Ctrl-C reaches the main thread and never this one, so the module raised it itself.
            raise RuntimeError("its code raised KeyboardInterrupt") from self._error
        if self._error is not None:
            raise self._error
        return self._found


def load(entry: EntryPoint) -> object:
    """Import what an entry point names.

    Raises:
        PluginHangs: the import takes longer than ``LOADING_SECONDS``.
        BaseException: whatever the import raised, with its traceback.
    """
    module = entry.module
    if _is_importing() or (module in sys.modules and not _under_way(module)):
        # In the second case nothing of it runs any more. In the first, a client is made while a module is
        # imported: a plugin that needs that very module would wait for this thread, and this thread for it.
        return entry.load()
    earlier = _hanging.get(module)
    if earlier is not None and earlier.is_alive():
        raise PluginHangs("its import began earlier in this process and has not ended")
    attempt = _Import(entry)
    attempt.start()
    try:
        found = attempt.result()
    except PluginHangs:
        _hanging[module] = attempt
        raise
    _hanging.pop(module, None)
    return found


def _is_importing() -> bool:
    """Tell whether this thread is in the middle of an import."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib._bootstrap"):
            return True
        frame = frame.f_back
    return False


def _under_way(name: str) -> bool:
    """Tell whether a module's code is still running, by the mark that Python's own import keeps."""
    return bool(getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False))
