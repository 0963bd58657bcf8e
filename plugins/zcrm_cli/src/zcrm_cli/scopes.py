"""Which scopes does a client need for everything that zcrm can do?"""

from __future__ import annotations

from typing import Final

SCOPES: Final = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.mass_update.READ",
    "ZohoCRM.mass_update.UPDATE",
    "ZohoCRM.coql.READ",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
)
"""The last one lets Zoho say whose token it is. Zoho's own lists name no ``ZohoCRM.mass_update.ALL``."""
