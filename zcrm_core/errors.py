"""What can go wrong, and what should the caller do about it?

The whole tree::

    ZcrmError
    ├── ConfigError                 a configuration key is wrong, missing, unknown or contradicts another
    ├── PluginError                 a plugin cannot be loaded, breaks the rules, or none fits
    ├── StoreError                  the token store could not do what was asked
    │   ├── InvalidToken            a user identifier or a token that no store may hold (also a ValueError)
    │   ├── StoreUnavailable        the store cannot be reached now
    │   ├── StoreCorrupt            what is stored cannot be read as a token
    │   └── StaleToken              the token to be replaced is no longer the one stored
    ├── AuthError                   Zoho Accounts refused
    │   ├── InvalidGrant            the grant token is wrong, used or too old
    │   ├── ReauthorizationRequired the refresh token no longer works, or there is none
    │   ├── RefreshThrottled        too many refreshes in a short time; wait
    │   └── RefreshTimeout          somebody else holds the refresh lock for too long
    ├── ApiError                    the CRM answered with an error
    │   ├── RateLimited             too many calls or no credits left; wait
    │   ├── NotFound                there is no such record, user, module or address
    │   └── PartialFailure          some records of a batch failed; the rest went through
    └── TransportError              no usable HTTP answer came back

A program usually needs three of them::

    try:
        lead = client.module("Leads").get(lead_id)
    except NotFound:
        lead = None
    except ZcrmError as error:
        if not error.retryable:
            raise

Every error says what happened, why, and what to do, and has a code with a page of its own in
``docs/errors``. A text never holds a token, a secret or a request body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_core.crm.batch import BatchResult
    from zcrm_core.tokens import Token

__all__ = [
    "ApiError",
    "AuthError",
    "ConfigError",
    "InvalidGrant",
    "InvalidToken",
    "NotFound",
    "PartialFailure",
    "PluginError",
    "RateLimited",
    "ReauthorizationRequired",
    "RefreshThrottled",
    "RefreshTimeout",
    "StaleToken",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "TransportError",
    "ZcrmError",
]

_NO_DETAILS: Mapping[str, object] = MappingProxyType({})


class ZcrmError(Exception):
    """The base of every error that zcrm raises on purpose.

    Args:
        what: what happened, one sentence.
        why: the reason; the class's own when left out.
        fix: what the reader should do; the class's own when left out.
        code: the stable code ``ZCRM-AREA-NNN``; the class's own when left out.

    Attributes:
        retryable: whether the same call may succeed later without any change.
    """

    code: str = "ZCRM-GENERAL-001"
    what: str = "Something failed; whoever raised this error did not say what."
    why: str = "zcrm could not go on."
    fix: str = "Read the text above; the page of this code in docs/errors says more."
    retryable: bool = False

    def __init__(
        self, what: str, *, why: str | None = None, fix: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        if why is not None:
            self.why = why
        if fix is not None:
            self.fix = fix
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"[{self.code}] {self.what} Why: {self.why} What to do: {self.fix}"

    @property
    def docs_page(self) -> str:
        """The path of this code's page in the project's documentation."""
        return f"docs/errors/{self.code}.md"


class ConfigError(ZcrmError):
    """A configuration key is wrong, missing, unknown or contradicts another."""

    code = "ZCRM-CONFIG-001"
    why = "The configuration cannot be used as it is."
    fix = "Correct the key named above; docs/reference/configuration.md lists them all."
    _problems: tuple[ConfigError, ...] = ()

    def __init__(
        self,
        what: str,
        *,
        why: str | None = None,
        fix: str | None = None,
        code: str | None = None,
        problems: Sequence[ConfigError] = (),
    ) -> None:
        super().__init__(what, why=why, fix=fix, code=code)
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[ConfigError, ...]:
        """Every problem found, in the order of the keys; a single problem names itself."""
        return self._problems or (self,)


class PluginError(ZcrmError):
    """A plugin cannot be loaded, breaks the rules of the hooks, or none fits the configuration."""

    code = "ZCRM-PLUGIN-001"
    why = "A plugin does not keep the rules of zcrm's hooks."
    fix = "Run `zcrm plugins` to see what is installed; correct, update or disable the plugin named above."


class StoreError(ZcrmError):
    """The token store could not do what was asked.

    Attributes:
        unsaved: a token that Zoho issued and the store did not take. It is not lost: keep it, cure the
            store, and call ``client.tokens.save(error.unsaved)``. ``None`` when nothing is at stake.
    """

    code = "ZCRM-STORE-001"
    why = "The token store refused or failed."
    fix = "Look at the cause above, cure the store, and call again."
    unsaved: Token | None = None


class InvalidToken(StoreError, ValueError):
    """A user identifier or a token has a form that no store may hold."""

    code = "ZCRM-TOKEN-001"
    why = "Every store keeps the same limits, so that a token can move from one to another."
    fix = "Pass a value within the limits of docs/reference/tokens.md."


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now; nothing was changed."""

    code = "ZCRM-STORE-002"
    why = "The place where tokens are kept does not answer or cannot be written."
    fix = "Check that it exists, that it is reachable, and that this user may read and write it."
    retryable = True


class StoreCorrupt(StoreError):
    """What is stored cannot be read as a token; nothing was changed.

    Attributes:
        repaired_by_saving: whether saving this user's token mends it and loses nothing; so a login may go on.
    """

    repaired_by_saving: bool = False
    code = "ZCRM-STORE-003"
    why = "The stored content is damaged, of another kind, or was written by another program."
    fix = "Move the named file or row away (keep it), then log in again, or restore it from a backup."


class StaleToken(StoreError):
    """The token that was to be replaced is no longer the one in the store; nothing was changed."""

    code = "ZCRM-STORE-004"
    why = "Somebody else saved or deleted this user's token in the meantime."
    fix = "Fetch the token again and decide anew; the SDK does so by itself when it refreshes."


class AuthError(ZcrmError):
    """Zoho Accounts refused.

    Attributes:
        oauth_error: Zoho's own word, such as ``invalid_client``; ``None`` when it gave none.
        token: a token that Zoho issued before the failure, so that it is not lost; ``None`` otherwise.
    """

    code = "ZCRM-AUTH-001"
    why = "Zoho Accounts did not accept the request."
    fix = "Check client_id, client_secret, redirect_uri and region against the API console."
    oauth_error: str | None = None
    token: Token | None = None


class InvalidGrant(AuthError):
    """The grant token is wrong, was used before, or is too old (RFC 6749 section 5.2)."""

    code = "ZCRM-AUTH-002"
    why = (
        "It works once, for a few minutes, and only for the client and the data centre that it was made for."
    )
    fix = "Make a new grant token in the API console of your data centre, set region so, and use it at once."


class ReauthorizationRequired(AuthError):
    """The user has to authorise again: there is no refresh token, or Zoho no longer takes it."""

    code = "ZCRM-AUTH-003"
    why = "The refresh token is missing, was revoked, or was pushed out by newer ones."
    fix = "Run `zcrm login`, or call client.oauth.generate_access_token(grant_token) with a new grant token."


class RefreshThrottled(AuthError):
    """Zoho gives no new access token for now: at most ten in ten minutes a refresh token.

    Attributes:
        retry_after: seconds to wait before the next try.
    """

    code = "ZCRM-AUTH-004"
    why = "Zoho gives at most ten access tokens in ten minutes for one refresh token."
    fix = "Wait; share one token store among all workers so that they refresh once."
    retryable = True
    retry_after: float = 60.0


class RefreshTimeout(AuthError):
    """Another worker holds the refresh lock for longer than this caller may wait."""

    code = "ZCRM-AUTH-005"
    why = "Another thread or process is refreshing this token and has not finished."
    fix = "Call again; if it goes on, look for a worker that hangs while it refreshes."
    retryable = True


class ApiError(ZcrmError):
    """The CRM answered with an error.

    Attributes:
        status: the HTTP status.
        api_code: Zoho's code, such as ``INVALID_DATA``; unknown codes pass through as they are.
        details: Zoho's ``details`` object.
    """

    code = "ZCRM-API-001"
    why = "Zoho CRM did not accept the request."
    fix = "Correct the request as Zoho's code and details say."
    status: int = 0
    api_code: str | None = None
    details: Mapping[str, object] = _NO_DETAILS


class RateLimited(ApiError):
    """Too many calls at once, or the day's credits are used up.

    Attributes:
        retry_after: seconds to wait when Zoho says so, else ``None``.
    """

    code = "ZCRM-API-002"
    why = "Zoho limits the calls at one time and the credits of a day for each organisation."
    fix = "Wait, send fewer calls at once, and use batches of 100 records."
    retryable = True
    retry_after: float | None = None


class NotFound(ApiError):
    """There is no such record, user, module or address, or this user may not see it."""

    code = "ZCRM-API-003"
    why = "It does not exist, was deleted, or this user may not see it."
    fix = "Check the id and the module, and that the user has the right to see it."


class PartialFailure(ApiError):
    """Some records of a batch failed; the rest went through.

    Attributes:
        result: every record's own outcome, in the order sent.
    """

    code = "ZCRM-API-004"
    why = "Zoho decides on each record of a batch by itself."
    fix = "Look at error.result: correct the records that failed and send only those again."
    result: BatchResult | None = None


class TransportError(ZcrmError):
    """No usable HTTP answer came back: refused, reset, timed out, or not what a server of Zoho sends.

    Attributes:
        sent: whether the request may have reached the server, so that a write may have happened.
    """

    code = "ZCRM-HTTP-001"
    why = "The connection failed or the answer was not Zoho's."
    fix = "Check the network, the proxy and the region; then call again."
    retryable = True
    sent: bool = False
