"""Whose token is used?"""

from __future__ import annotations

from dataclasses import dataclass

from zcrm_core.config import Config
from zcrm_core.errors import ConfigError
from zcrm_core.tokens import TokenKey

__all__ = ["Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a client acts for, and the client and environment that its tokens belong to.

    Args:
        user: the user identifier; ``None`` when the client was given none.
        config: for the client id and the environment.
    """

    user: str | None
    config: Config

    def key(self, user: str | None = None) -> TokenKey:
        """Give the key of a user's token; of the client's own user when left out.

        Raises:
            ConfigError: neither is there.
            InvalidToken: the identifier breaks the limits.
        """
        named = self.user if user is None else user
        if named is None:
            raise ConfigError(
                "The client does not know whose token to use.",
                why="The key current_user_email is missing, and no user was named.",
                fix="Set current_user_email, or name the user: client.as_user(...) or --user.",
                code="ZCRM-CONFIG-003",
            )
        return TokenKey(named, self.config.client_id, self.config.environment)
