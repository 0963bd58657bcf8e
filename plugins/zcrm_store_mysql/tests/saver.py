"""What does one process of the cluster's test do? It saves tokens, and writes down which were saved.

Standard input has the configuration, the name of the user and the file; each line of that is a number that a
save acknowledged, or the error that a save raised.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path

from zcrm_core import Config, Token, TokenKey, ZcrmError
from zcrm_store_mysql.plugin import MySQLStorePlugin


def main() -> None:
    """Save until the process is ended."""
    given = json.load(sys.stdin)
    config = Config(given["config"], plugin_keys=MySQLStorePlugin.config_keys)
    key = TokenKey(given["user"], "1000.C", "production")
    plugin = MySQLStorePlugin()
    with Path(given["file"]).open("w", encoding="utf-8", buffering=1) as said:
        for number in count(1):
            try:
                plugin.save(config, key, Token(given["user"], f"access{number}", "refresh", number), None)
            except ZcrmError as error:  # noqa: PERF203 - a save takes longer by far
                said.write(" ".join(f"{error.code}: {error}".split()) + "\n")
            else:
                said.write(f"{number}\n")


if __name__ == "__main__":
    main()
