"""How does a self client get its code, as from Zoho's API console?"""

from __future__ import annotations

from collections.abc import Sequence

from zcrm_core import ConfigError
from zcrm_simulator.oauth.ledger import Code, Grant
from zcrm_simulator.places import DATA_CENTERS, ENVIRONMENTS, Place
from zcrm_simulator.scopes import split_scopes, unknown_scopes
from zcrm_simulator.world import World

_FIX = "See the section on codes in the README of zcrm-simulator."


def self_client_code(
    world: World,
    scopes: Sequence[str] | str,
    user: str | None = None,
    lifetime: float = 180,
    client_id: str | None = None,
    *,
    data_center: str = DATA_CENTERS[0],
    environment: str = ENVIRONMENTS[0],
) -> str:
    """Return a code that one exchange turns into tokens; see ``Simulator.grant_token``.

    Raises:
        ConfigError: a scope, the user, the client or the place is unknown.
    """
    wanted = split_scopes(scopes) if isinstance(scopes, str) else tuple(scopes)
    unknown = unknown_scopes(wanted)
    if unknown or not wanted:
        raise ConfigError(
            f"No code for the scopes {list(wanted)}.",
            why=f"Zoho does not know {unknown or 'an empty list'}.",
            fix=_FIX,
        )
    if data_center not in DATA_CENTERS or environment not in ENVIRONMENTS:
        raise ConfigError(
            f"No code for {environment!r} in {data_center!r}.",
            why=f"There are {', '.join(ENVIRONMENTS)} in {', '.join(DATA_CENTERS)}.",
            fix=_FIX,
        )
    client = world.clients.find(client_id or world.clients.default.client_id, data_center)
    if client is None:
        raise ConfigError(
            f"No code for the client {client_id!r}.", why="It is not registered here.", fix=_FIX
        )
    place = Place(data_center, environment)
    organization = world.organization(place)
    person = organization.owner if user is None else organization.find_user(user)
    if person is None:
        raise ConfigError(
            f"No code for the user {user!r}.",
            why="The organization has no such user; simulator.users lists them.",
            fix=_FIX,
        )
    grant = Grant(client.client_id, person.email, place, wanted)
    return world.ledger.new_code(Code(grant, world.clock.now() + lifetime))
