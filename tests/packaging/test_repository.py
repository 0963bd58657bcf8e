"""Is the repository free of what belongs to one machine?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# The brackets keep the first pattern from finding itself.
HOSTS = re.compile(r"[p]ypi\.org|[p]ythonhosted|[n]pmjs\.|[d]eb\.debian", re.IGNORECASE)
PATHS = re.compile(r"(?<![\w.:})/-])/(?:work|tmp|root|home|Users)/")


def findings(path: Path, pattern: re.Pattern[str]) -> list[str]:
    """The lines of a text file that match."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


@pytest.mark.parametrize("pattern", [HOSTS, PATHS], ids=["registry hosts", "machine paths"])
def test_no_file_names_a_machine(files: list[Path], root: Path, pattern: re.Pattern[str]) -> None:
    """No file of the repository names a package registry's host or a path of somebody's machine."""
    found = {str(path.relative_to(root)): lines for path in files if (lines := findings(path, pattern))}

    assert found == {}


@pytest.mark.parametrize("host", ["pypi", "PyPI"])
def test_a_host_is_noticed(host: str) -> None:
    """The first pattern sees a host in a URL, however it is spelt."""
    assert HOSTS.search(f"see https://{host}.org/simple")


@pytest.mark.parametrize("folder", ["work", "tmp", "home"])
@pytest.mark.parametrize("around", ["{}", "'{}'", "in {}, where"])
def test_a_path_is_noticed(folder: str, around: str) -> None:
    """The second pattern sees a path alone, quoted and in a sentence."""
    assert PATHS.search(around.format(f"/{folder}/zcrm"))


def test_secrets_are_ignored_by_git(root: Path) -> None:
    """A token file or an environment in the checkout is never committed by accident."""
    ignored = (root / ".gitignore").read_text(encoding="utf-8").split()

    assert {"zcrm_oauthtokens.txt*", ".env", ".venv*/"} <= set(ignored)
