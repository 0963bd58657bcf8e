"""Does every installed zcrm wheel import, and every entry point load, where no checkout is near?"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import distributions
from pathlib import Path


def main() -> None:
    """Import what each wheel brings and load what it announces; end with 1 when one is not the wheel's."""
    found = [wheel for wheel in distributions() if wheel.metadata["Name"].startswith("zcrm-")]
    for wheel in found:
        name = wheel.metadata["Name"]
        module = importlib.import_module(name.replace("-", "_"))
        if not Path(str(module.__file__)).is_relative_to(sys.prefix):
            sys.exit(f"{name} was imported from {module.__file__}, not from the environment")
        for entry_point in wheel.entry_points:
            if entry_point.group != "pytest11":
                entry_point.load()
        print(f"{name} {wheel.version}: imports, {len(wheel.entry_points)} entry points")
    if not found:
        sys.exit("no zcrm wheel is installed here")


if __name__ == "__main__":
    main()
