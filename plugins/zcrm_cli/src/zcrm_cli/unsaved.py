"""What becomes of tokens that Zoho issued and that nobody keeps? They are revoked."""

from __future__ import annotations

from zcrm_core import AuthError, Client, StoreError, Token, ZcrmError


def give_up(client: Client, user: str | None, error: AuthError | StoreError) -> None:
    """Revoke the tokens that are not kept, and tell in the error what that means for the login.

    Nobody holds them once this process has ended, so they would stay alive at Zoho for nothing, and of a
    user's refresh tokens the oldest ends when there are too many.

    Args:
        client: the one that logged in.
        user: whose token it was to be, if that was known beforehand.
        error: why they are not kept; nothing is at stake where it holds no token.
    """
    token = error.unsaved if isinstance(error, StoreError) else error.token
    if token is None:
        return
    error.why += f" Zoho had issued tokens: {_revoked(client, user, token)}."
    error.fix += " Then run `zcrm login` again; a grant token works once, so make a new one for it."


def _revoked(client: Client, user: str | None, token: Token) -> str:
    if _is_stored(client, user, token):
        return "they may be those of the login that is stored, so they are not revoked"
    try:
        client.oauth.revoke_token(token)
    except ZcrmError as failure:
        return f"to revoke them failed as well ({failure.what.rstrip('.')}), so they live on at Zoho"
    return "nobody has kept them, and they are revoked"


def _is_stored(client: Client, user: str | None, token: Token) -> bool:
    """Tell whether its refresh token may be the stored one: Zoho does not issue one with every login."""
    if token.refresh_token is None:
        return False
    try:
        stored = client.tokens.fetch(token.user_identifier)
    except ZcrmError:
        # Of a user who was known beforehand, the store was read before Zoho was asked.
        return (client.user if user is None else user) is not None
    return stored is not None and stored.refresh_token == token.refresh_token
