"""Does the store sqlite keep the contract of zcrm's token stores?"""

import pytest

from zcrm_contract_tests import Capabilities, TokenStoreContract


class TestSqliteTokenStore(TokenStoreContract):
    """Everything but a lock: processes can refresh one token twice, and the report says so."""

    plugin = "sqlite"
    capabilities = Capabilities(locks=False)

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def store_config(self, namespace):
        return {"sqlite_path": str(self.folder / namespace / "tokens.db")}

    def files(self, namespace):
        return self.folder / namespace / "tokens.db"
