"""What does Zoho's own SDK do with its table? Run by test_mysql_interop.py, with calls on standard input."""

from __future__ import annotations

import json
import logging
import sys

from zcrmsdk import ZCRMRestClient  # type: ignore[import-not-found] # installed by `tox -e interop` only
from zcrmsdk.OAuthClient import ZohoOAuth, ZohoOAuthTokens  # type: ignore[import-not-found] # the same

logging.disable()  # it logs to the console, and its errors come back as exceptions
work = json.load(sys.stdin)
ZCRMRestClient.initialize(work["config"])
answers: list[object] = []
for call, *arguments in work["calls"]:
    store = ZohoOAuth.get_persistence_instance()
    if call == "save":
        user, access, refresh, expiry = arguments
        answers.append(store.save_oauthtokens(ZohoOAuthTokens(refresh, access, expiry, user)))
    elif call == "get":
        found = store.get_oauthtokens(*arguments)
        answers.append([found.userEmail, found.accessToken, found.refreshToken, found.expiryTime])
    elif call == "delete":
        answers.append(store.delete_oauthtokens(*arguments))
    else:
        answers.append(ZohoOAuth.get_client_instance().get_access_token(*arguments))
sys.stdout.write(json.dumps(answers))
