"""What are roles, profiles and rights?"""

from __future__ import annotations

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    entities,
    flag,
    reference,
    text,
    texts,
    time,
)

__all__ = ["Permission", "Profile", "ProfileCategory", "ProfileSection", "Role"]


class Role(Entity):
    """A place in the hierarchy."""

    __slots__ = ()
    points = True

    #: the role's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: what it is for
    description = Attribute("description", text)
    #: whether it is the administrator's
    admin_user = Attribute("admin_user", flag)
    #: whether those with the same role see each other's records
    share_with_peers = Attribute("share_with_peers", flag)
    #: the user who answers for forecasts
    forecast_manager = Attribute("forecast_manager", reference)
    #: the role above
    reporting_to = Attribute("reporting_to", reference)


class Permission(Entity):
    """One right."""

    __slots__ = ()

    #: the right's id
    id = Attribute("id", text)
    #: its name, such as ``Crm_Implied_View_Leads``
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: the module that it is about
    module = Attribute("module", text)
    #: whether the profile has it
    enabled = Attribute("enabled", flag)


class ProfileCategory(Entity):
    """A group of rights."""

    __slots__ = ()

    #: its name
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: the module that it is about
    module = Attribute("module", text)
    #: the ids of its rights
    permission_ids = Attribute("permissions_details", texts)


class ProfileSection(Entity):
    """A part of a profile's page."""

    __slots__ = ()

    #: its name
    name = Attribute("name", text)
    #: its groups
    categories = Attribute("categories", entities(ProfileCategory))


class Profile(Entity):
    """A set of rights."""

    __slots__ = ()
    points = True

    #: the profile's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: what it is for
    description = Attribute("description", text)
    #: whether the organisation made it
    category = Attribute("category", flag)
    #: whether Zoho made it
    default = Attribute("default", flag)
    #: the user who made it
    created_by = Attribute("created_by", reference)
    #: the user who changed it last
    modified_by = Attribute("modified_by", reference)
    #: when it was made
    created_time = Attribute("created_time", time)
    #: when it was changed last
    modified_time = Attribute("modified_time", time)
    #: its rights; only for one profile
    permissions = Attribute("permissions_details", entities(Permission))
    #: the parts of its page; only for one profile
    sections = Attribute("sections", entities(ProfileSection))
