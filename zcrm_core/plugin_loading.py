"""How is a plugin's module imported, so that one that never comes to an end holds nobody up for ever?"""

from __future__ import annotations

import sys
import threading
from importlib.metadata import EntryPoint
from typing import Final

__all__ = ["PluginHangs", "load"]

LOADING_SECONDS: Final = 20.0
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
    if module in sys.modules and module not in _hanging and not _under_way(module):
        return entry.load()  # nothing of it runs any more
    if any(map(_under_way, tuple(sys.modules))):
        # A client is made while something is imported: a plugin that needs that very module would wait for
        # this thread, and this thread for the plugin.
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


def _under_way(name: str) -> bool:
    """Tell whether a module's code is still running, by the mark that Python's own import keeps."""
    try:
        # Past the module's own ways: asked for an attribute, a lazy one would be imported.
        spec = object.__getattribute__(sys.modules[name], "__dict__").get("__spec__")
    except (AttributeError, KeyError):  # what is no module, or gone by now
        return False
    return bool(getattr(spec, "_initializing", False))
