"""Where Zoho's own sources differ, or an application has a choice: which way does the simulator go?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switches:
    """Behaviour that can be chosen; the defaults are what Zoho does today as far as it is known."""

    auto_approve: bool = True
    """The consent page answers itself with yes; off: a small page asks."""
    approve_user: str | None = None
    """Who approves: an e-mail address; ``None`` is the organization's owner."""
    approve_data_center: str | None = None
    """Where the approving user's organization is; ``None`` is the data centre that was asked."""
    approve_environment: str = "production"
    """Where the approved token works: production, sandbox or developer."""
    rotate_refresh_tokens: bool = False
    """A refresh brings a new refresh token and kills the old one. Zoho does not do this."""
    milliseconds: bool = False
    """The token answer of before November 2019: ``expires_in`` in ms, ``expires_in_sec`` in seconds."""
    scope_in_answer: bool = True
    """Token answers name their scopes."""
    throttle_status: int = 400
    """HTTP status of a throttled token call; older pages say 200."""
    throttle_error: str = "Access Denied"
    """The word of a throttled token call; some pages say access_denied."""
    numbered_limit_v2: bool = False
    """Plain pages of version 2 stop at 2,000 records too."""
    strict_fields: bool = False
    """A field that does not exist is an error; Zoho drops it without a word."""
    strict_picklists: bool = False
    """A value that is not in the list is an error; Zoho takes it."""
    reject_duplicates: bool = True
    """E-mail of leads and contacts and the name of accounts are unique."""
    busy_text: str = "Too many calls are being made at the same time. Please try again later."
    """The text of a 429 for too many calls at once; nobody knows Zoho's for certain."""
    no_credits_text: str = "You have used up the API credits of the day. Please try again later."
    """The text of a 429 when the day's credits are gone."""
    page_token_mismatch_status: int = 400
    """HTTP status when a page token comes with other parameters; one page says 401."""
    stale_record_code: str = "ALREADY_MODIFIED"
    """The code of a stale write (412); some texts say RECORD_MODIFIED."""
    revoke_error: str = "invalid_token"
    """The word of a refused revocation."""
    search_lag: float = 0.0
    """Seconds until a written record can be searched."""
    latency: float = 0.0
    """Seconds that every call takes."""
    job_polls: int = 1
    """How often a job says that it is under way before it says that it is over."""
    zoho_headers: bool = True
    """Answers carry ``Server: ZGS`` and ``Content-Disposition``."""
