"""Who works in the simulated organization, in which role and with which rights?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

PEOPLE_TIME = int(datetime(2025, 1, 1, 9, tzinfo=timezone.utc).timestamp())
"""When people, roles and profiles were made and last changed, in seconds since the epoch."""


@dataclass(frozen=True)
class Role:
    """A place in the hierarchy; ``reports_to`` is the id of the role above."""

    id: str
    name: str
    reports_to: str | None
    description: str


@dataclass(frozen=True)
class Profile:
    """A set of rights: some of view, create, edit and delete."""

    id: str
    name: str
    rights: frozenset[str]
    custom: bool
    description: str


@dataclass(frozen=True)
class User:
    """A person with an account; ``offset`` is the time zone's distance from UTC in minutes."""

    id: str
    zuid: str
    first_name: str
    last_name: str
    email: str
    role: Role
    profile: Profile
    status: str
    confirmed: bool
    time_zone: str
    offset: int
    country: str

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def administrator(self) -> bool:
        """Whether the user may do everything."""
        return self.profile.name == "Administrator"

    @property
    def active(self) -> bool:
        """Whether the user may sign in."""
        return self.status == "active"

    def reference(self) -> dict[str, str]:
        """Return what a record shows of its owner."""
        return {"name": self.full_name, "id": self.id, "email": self.email}


_EVERYTHING = frozenset({"view", "create", "edit", "delete"})
_ROLES = (
    ("CEO", None, "Users with this role have access to the data owned by all other users."),
    ("Manager", 0, "Users with this role see the data of their team."),
    ("Sales Lead", 1, ""),
    ("Support", 1, ""),
)
_PROFILES = (
    ("Administrator", _EVERYTHING, False, "This profile will have all the permissions."),
    (
        "Standard",
        _EVERYTHING,
        False,
        "This profile will have all the permissions except administrative ones.",
    ),
    ("Read Only", frozenset({"view"}), True, "Sees everything and changes nothing."),
)
# Name, role, profile, status, confirmed, place. The zones know no summer time, so that offsets never change.
_USERS = (
    ("Amara Okonkwo", 0, 0, "active", True, "Africa/Lagos", 60, "Nigeria"),
    ("Jonas Lindqvist", 1, 0, "active", True, "Africa/Lagos", 60, "Nigeria"),
    ("Priya Raman", 1, 1, "active", True, "Asia/Kolkata", 330, "India"),
    ("Wei Zhang", 2, 1, "active", True, "Asia/Singapore", 480, "Singapore"),
    ("Zoë D'Angelo", 2, 1, "active", True, "America/Phoenix", -420, "United States"),
    ("Haruto Tanaka", 2, 1, "active", True, "Asia/Tokyo", 540, "Japan"),
    ("Lena Brückner", 3, 2, "active", True, "Africa/Lagos", 60, "Nigeria"),
    ("Omar Haddad", 3, 1, "disabled", True, "Asia/Dubai", 240, "United Arab Emirates"),
    ("Sofia Marques", 2, 1, "active", False, "Africa/Lagos", 60, "Nigeria"),
)
_DOMAIN = "hollowbrook.example"


def people(first_id: int) -> tuple[tuple[Role, ...], tuple[Profile, ...], tuple[User, ...]]:
    """Return the organization's roles, profiles and users, with ids counted from ``first_id``."""
    roles: list[Role] = []
    for index, (name, above, text) in enumerate(_ROLES):
        roles.append(Role(str(first_id + index), name, None if above is None else roles[above].id, text))
    profiles = tuple(
        Profile(str(first_id + 20 + index), name, rights, custom, text)
        for index, (name, rights, custom, text) in enumerate(_PROFILES)
    )
    users = tuple(
        User(
            id=str(first_id + 40 + index),
            zuid=str(first_id // 10**9 + index),
            first_name=name.split()[0],
            last_name=name.split()[1],
            email=f"{_plain(name.split()[0])}.{_plain(name.split()[1])}@{_DOMAIN}",
            role=roles[role],
            profile=profiles[profile],
            status=status,
            confirmed=confirmed,
            time_zone=zone,
            offset=offset,
            country=country,
        )
        for index, (name, role, profile, status, confirmed, zone, offset, country) in enumerate(_USERS)
    )
    return tuple(roles), profiles, users


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("ëü", "eu", "'"))
