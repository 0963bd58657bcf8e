"""What stands inside a record: tags, taxes, participants, prices, and the layout?"""

from __future__ import annotations

from zcrm_core.crm.entity import Attribute, Entity, amount, flag, number, reference, text, time

__all__ = ["LayoutReference", "Participant", "PriceRange", "Tag", "Tax"]


class Tag(Entity):
    """A tag of a module or of a record."""

    __slots__ = ()

    #: the tag's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: its colour, such as ``#57B1FD``
    color_code = Attribute("color_code", text)
    #: the user who made it
    created_by = Attribute("created_by", reference)
    #: the user who changed it last
    modified_by = Attribute("modified_by", reference)
    #: when it was made
    created_time = Attribute("created_time", time)
    #: when it was changed last
    modified_time = Attribute("modified_time", time)
    #: how many records carry it, where Zoho says
    count = Attribute("count", number)


class Tax(Entity):
    """A tax on a product, a line or a whole document."""

    __slots__ = ()

    #: its id, where Zoho sends one
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: its rate in percent
    percentage = Attribute("percentage", amount)
    #: its sum in money
    value = Attribute("value", amount)


class Participant(Entity):
    """Who takes part in an event."""

    __slots__ = ()

    #: the id of the user, contact or lead; the e-mail address of somebody else
    participant = Attribute("participant", text)
    #: ``user``, ``contact``, ``lead`` or ``email``
    type = Attribute("type", text)
    #: the name
    name = Attribute("name", text)
    #: the e-mail address
    email = Attribute("Email", text)
    #: whether an invitation was sent
    invited = Attribute("invited", flag)
    #: what became of it, such as ``not_known``
    status = Attribute("status", text)


class PriceRange(Entity):
    """One range of a price book."""

    __slots__ = ()

    #: the range's id
    id = Attribute("id", text)
    #: the smallest quantity
    from_range = Attribute("from_range", amount)
    #: the largest quantity
    to_range = Attribute("to_range", amount)
    #: the discount in percent
    discount = Attribute("discount", amount)


class LayoutReference(Entity):
    """A pointer to a layout."""

    __slots__ = ()
    points = True

    #: the layout's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
