"""What did a user choose on the consent page: who, where, and yes or no?"""

from __future__ import annotations

from collections.abc import Mapping

from zcrm_simulator.places import ENVIRONMENTS, Place
from zcrm_simulator.world import World


def automatic(world: World) -> dict[str, str]:
    """Return what the page answers by itself, as the switches say."""
    switches = world.switches
    return {
        "user": switches.approve_user or "",
        "organization": switches.approve_data_center or "",
        "environment": switches.approve_environment,
        "decision": "accept",
    }


def chosen_place(world: World, given: Mapping[str, str], place: Place) -> tuple[Place, str] | str:
    """Return where the tokens will work and the user's e-mail address, or what is wrong with the choice."""
    data_center = given.get("organization") or place.data_center
    if world.clients.find(given.get("client_id", ""), data_center) is None:
        return "invalid_organization"
    environment = given.get("environment") or ENVIRONMENTS[0]
    if environment not in ENVIRONMENTS:
        return "invalid_environment"
    chosen = Place(data_center, environment)
    organization = world.organization(chosen)
    user = organization.find_user(given.get("user") or organization.owner.email)
    return (chosen, user.email) if user is not None else "invalid_user"
