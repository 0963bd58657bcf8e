"""Which files make a token store's project, with every name in its place?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.resources import files
from string import Template
from typing import Final

__all__ = ["Names", "render"]

_FILES: Final = {
    "README.md": "readme.txt",
    "pyproject.toml": "pyproject.txt",
    "src/${package}/__init__.py": "module.txt",
    "tests/test_contract.py": "test_contract.txt",
}
"""Each file of the project, and the template that it is made of."""


@dataclass(frozen=True)
class Names:
    """What a store's project calls its parts.

    Args:
        name: the store, as in the key ``token_store``.
        wheel: the distribution.
        package: what is imported.
        class_name: the plugin's class.
        key: the configuration key that says where the tokens are.
        version: the distribution's version.
        description: one line on it.
    """

    name: str
    wheel: str
    package: str
    class_name: str
    key: str
    version: str
    description: str

    @classmethod
    def of(cls, name: str) -> Names:
        """Derive all names from the store's own: words of small letters and digits, with ``-`` or ``_``."""
        words = name.replace("-", "_").split("_")
        joined = "_".join(words)
        return cls(
            name=name,
            wheel=f"zcrm-store-{'-'.join(words)}",
            package=f"zcrm_store_{joined}",
            class_name=f"{''.join(word.capitalize() for word in words)}TokenStore",
            key=f"{joined}_path",
            version="0.1",
            description=f"The token store {name} for zcrm",
        )


def render(names: Names) -> dict[str, str]:
    """Give each file of the project by its path, with its text."""
    folder = files("zcrm_cli.new_store") / "template"
    values = asdict(names)
    return {
        Template(path).substitute(values): Template((folder / source).read_text("utf-8")).substitute(values)
        for path, source in _FILES.items()
    }
