"""What do the stores cost? Run ``python benchmarks/stores.py``, or name one: ``file``, ``mysql``."""

from __future__ import annotations

import argparse

import store_file
import store_mysql


def main() -> None:
    """Measure the stores that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", default=["file", "mysql"], help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--folder", help="where the file store is measured: a folder on the disk in question")
    options = parser.parse_args()
    for name in options.stores:
        if name == "file":
            store_file.run(options.rounds, options.folder)
        elif name == "mysql":
            store_mysql.run(options.rounds)
        else:
            parser.error(f"there is no store {name}: file, mysql")


if __name__ == "__main__":
    main()
