"""Does the file store keep the contract of a token store?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from zcrm_contract_tests import Capabilities, TokenStoreContract
from zcrm_core import Token, TokenKey

FILE = "zcrm_oauthtokens.txt"
VERSION_1 = (
    b'{"format":"zcrm-oauthtokens","version":1,"bytes":443}\n'
    b'{"digest":"00c7a69de5b51fdeb9cf87334366f63e","crc32":"2e0cfff1","user":"a@example.com",'
    b'"client":"1000.CLIENT","environment":"production","access":"access-1","refresh":"refresh-1",'
    b'"expiry":1700000000001,"domain":"https://www.zohoapis.com","scope":"ZohoCRM.org.ALL"}\n'
    b'{"digest":"67a752b7eaba23fbc765a453ee2fa986","crc32":"ccce8018","user":"a@example.com",'
    b'"client":"1000.CLIENT","environment":"sandbox","access":"access-2","expiry":1700000000002}\n'
)
NEWER = b'{"format":"zcrm-oauthtokens","version":9,"bytes":0}\n'


class TestFileStore(TokenStoreContract):
    """Everything that files can promise, in a folder of its own for each example."""

    plugin = "file"
    capabilities = Capabilities(migrates=True)
    level = 1

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Name a folder that is not there yet."""
        return {"token_persistence_path": str(self.folder / namespace)}

    def files(self, namespace: str) -> Path:
        """Give that folder."""
        return self.folder / namespace

    def old_stores(self, namespace: str) -> Mapping[str, Callable[[], Mapping[TokenKey, Token]]]:
        """Write what the first version wrote, byte by byte."""

        def first() -> Mapping[TokenKey, Token]:
            self._write(namespace, VERSION_1)
            user, client = "a@example.com", "1000.CLIENT"
            api = "https://www.zohoapis.com"
            return {
                TokenKey(user, client, "production"): Token(
                    user, "access-1", "refresh-1", 1_700_000_000_001, api, "ZohoCRM.org.ALL"
                ),
                TokenKey(user, client, "sandbox"): Token(user, "access-2", None, 1_700_000_000_002),
            }

        return {"1": first}

    def newer_store(self, namespace: str) -> None:
        """Write a file of a version to come."""
        self._write(namespace, NEWER)

    def _write(self, namespace: str, content: bytes) -> None:
        folder = self.folder / namespace
        folder.mkdir(mode=0o700)
        (folder / FILE).write_bytes(content)
        (folder / FILE).chmod(0o600)
