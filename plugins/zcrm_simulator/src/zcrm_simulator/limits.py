"""How much does Zoho allow? Every limit the simulator enforces, with Zoho's documented number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of Zoho Accounts and Zoho CRM; each is a number of things, or of seconds where it says so.

    Sources: Zoho's pages on token validity and token limits, get-records, search-records, insert-records and
    API limits (version 8).
    """

    # Zoho Accounts
    code_lifetime: int = 120
    """Seconds that the code of a redirect lives."""
    grant_codes: int = 10
    """Codes a client gets through the redirect in one window."""
    grant_codes_window: int = 600
    """Seconds."""
    access_token_lifetime: int = 3_600
    """Seconds."""
    access_tokens_per_refresh_token: int = 15
    """Access tokens alive; one more kills the oldest."""
    refreshes: int = 10
    """Refreshes of one refresh token in one window; the next is refused."""
    refresh_window: int = 600
    """Seconds."""
    refresh_tokens_per_user: int = 20
    """Refresh tokens of one user and client; one more kills the oldest."""
    new_refresh_tokens: int = 10
    """Refresh tokens one user and client get in one window; the next is refused."""
    new_refresh_tokens_window: int = 600
    """Seconds."""
    device_code_lifetime: int = 300
    """Seconds in which a person can confirm a device's code."""
    device_interval: int = 30
    """Seconds that a device has to wait between two questions."""

    # Reading
    fields: int = 50
    """Names in the parameter ``fields``."""
    ids: int = 100
    """Ids in the parameter ``ids``."""
    per_page: int = 200
    numbered_records: int = 2_000
    """Records that page numbers reach."""
    token_records: int = 100_000
    """Records that page tokens reach."""
    page_token_lifetime: int = 86_400
    """Seconds."""
    search_results: int = 2_000
    search_conditions: int = 15
    search_conditions_v2: int = 10
    search_values: int = 100
    """Values after ``in``."""
    search_credits: int = 1
    """Credits of a search; one source says 3."""
    search_word_length: int = 2
    """The fewest characters of ``word``."""

    # Writing
    records_per_write: int = 100
    recycle_bin_days: int = 60
    tags_per_call: int = 50
    """Tags made or renamed in one call, or put on many records."""
    tags_per_record: int = 10
    """Tags put on one record in one call."""
    tags_per_module: int = 100
    tag_length: int = 25
    """Characters of a tag's name."""
    tagged_records: int = 500
    """Records that get tags in one call; version 2 takes as many as ``ids``."""
    attachment_megabytes: int = 100
    attachment_megabytes_v2: int = 20
    photo_megabytes: int = 10

    # COQL
    coql_rows: int = 2_000
    """Rows of one call."""
    coql_rows_v2: int = 200
    coql_reach: int = 100_000
    """Rows that an offset reaches."""
    coql_reach_v2: int = 10_000
    coql_columns: int = 50
    coql_conditions: int = 25
    coql_values: int = 50
    """Values after ``in``."""

    # Bulk jobs
    bulk_read_records: int = 200_000
    """Records of one job."""
    bulk_write_rows: int = 25_000
    bulk_write_megabytes: int = 25
    bulk_columns: int = 200
    bulk_result_seconds: int = 86_400
    """Seconds that the result of a job is kept."""

    # The organization: Enterprise edition with eight users
    credits: int = 58_000
    """API credits in one window."""
    credits_window: int = 86_400
    """Seconds."""
    concurrency: int = 20
    """Calls of one client at the same time."""
    heavy_concurrency: int = 10
    """The same for sorted lists, searches and writes of many records."""
    heavy_records: int = 10
    """A write of more records than this is heavy."""
