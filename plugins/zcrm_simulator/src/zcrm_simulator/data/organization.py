"""What belongs to one organization: its people, its record database and its own facts?"""

from __future__ import annotations

from dataclasses import dataclass

from zcrm_simulator.data.database import Database
from zcrm_simulator.data.people import Profile, Role, User, people
from zcrm_simulator.data.seed import seeded_database
from zcrm_simulator.places import Place

_FIRST_SPACE = 4_150_868
_SPACE = 10**12
_FIRST_PERSON = 1_001
_FIRST_RECORD = 225_000
_FIRST_ZGID = 700_412_000
COMPANY_NAME = "Hollowbrook Trading"


def zgid_of(place: Place) -> str:
    """Return the organization's number in Zoho's accounts, without making the organization."""
    return str(_FIRST_ZGID + place.number)


@dataclass(eq=False)
class Organization:
    """The company that owns the data of one place."""

    id: str
    zgid: str
    place: Place
    company_name: str
    roles: tuple[Role, ...]
    profiles: tuple[Profile, ...]
    users: tuple[User, ...]
    database: Database

    @property
    def owner(self) -> User:
        """The first administrator."""
        return self.users[0]

    def find_user(self, email: str) -> User | None:
        """Return the user with this e-mail address; letter case does not matter."""
        return next((user for user in self.users if user.email == email.lower()), None)

    def user_by_id(self, user_id: object) -> User | None:
        """Return the user with this id, given as text or as a number."""
        return next((user for user in self.users if user.id == str(user_id)), None)


def new_organization(place: Place, seed: int) -> Organization:
    """Make the organization of a place; the same seed gives the same people and records."""
    space = (_FIRST_SPACE + place.number) * _SPACE
    roles, profiles, users = people(space + _FIRST_PERSON)
    active = tuple(int(user.id) for user in users if user.active)
    database = seeded_database(seed, space + _FIRST_RECORD, active).copy()
    return Organization(
        id=str(space + _FIRST_PERSON - 1),
        zgid=zgid_of(place),
        place=place,
        company_name=COMPANY_NAME,
        roles=roles,
        profiles=profiles,
        users=users,
        database=database,
    )
