"""What is known of a user?"""

from __future__ import annotations

from zcrm_core.crm.entity import Attribute, Entity, anything, day, entity, flag, number, reference, text, time

__all__ = ["TabColors", "Theme", "User", "UserCustomizeInfo"]


class UserCustomizeInfo(Entity):
    """What a user chose to see."""

    __slots__ = ()

    #: whether the newest notes come first
    notes_desc = Attribute("notes_desc", anything)
    #: whether the panel at the right is shown
    show_right_panel = Attribute("show_right_panel", anything)
    #: whether business cards are shown
    bc_view = Attribute("bc_view", anything)
    #: whether the home page is shown
    show_home = Attribute("show_home", flag)
    #: whether details are shown
    show_detail_view = Attribute("show_detail_view", flag)
    #: whether recent items are not pinned
    unpin_recent_item = Attribute("unpin_recent_item", anything)


class TabColors(Entity):
    """The colours of a tab."""

    __slots__ = ()

    #: the colour of its text
    font_color = Attribute("font_color", text)
    #: the colour behind it
    background = Attribute("background", text)


class Theme(Entity):
    """The colours that a user chose."""

    __slots__ = ()

    #: the colours of most tabs
    normal_tab = Attribute("normal_tab", entity(TabColors))
    #: the colours of the chosen tab
    selected_tab = Attribute("selected_tab", entity(TabColors))
    #: the new background
    new_background = Attribute("new_background", text)
    #: the background
    background = Attribute("background", text)
    #: the kind of screen
    screen = Attribute("screen", text)
    #: the kind of theme
    type = Attribute("type", text)


class User(Entity):
    """One user of the organisation."""

    __slots__ = ()
    points = True

    #: the user's id
    id = Attribute("id", text)
    #: Zoho's id of the account
    zuid = Attribute("zuid", text)
    #: the e-mail address, by which tokens are usually named
    email = Attribute("email", text)
    #: the name, where a short form is sent
    name = Attribute("name", text)
    #: the whole name
    full_name = Attribute("full_name", text)
    #: the first name
    first_name = Attribute("first_name", text)
    #: the last name
    last_name = Attribute("last_name", text)
    #: the other name
    alias = Attribute("alias", text)
    #: ``active``, ``disabled`` and others
    status = Attribute("status", text)
    #: whether the invitation was accepted
    confirm = Attribute("confirm", flag)
    #: the role in the hierarchy
    role = Attribute("role", reference)
    #: the profile, which holds the rights
    profile = Attribute("profile", reference)
    #: the user above
    reporting_to = Attribute("Reporting_To", reference, also="reporting_to")
    #: the territories
    territories = Attribute("territories", anything)
    #: whether it is a personal account
    personal_account = Attribute("personal_account", flag)
    #: whether the account is one of Microsoft's
    microsoft = Attribute("microsoft", flag)
    #: whether the user is there now
    online = Attribute("Isonline", flag)
    #: the user who added it
    created_by = Attribute("created_by", reference)
    #: the user who changed it last
    modified_by = Attribute("Modified_By", reference)
    #: when the user was added
    created_time = Attribute("created_time", time)
    #: when the user was changed last
    modified_time = Attribute("Modified_Time", time)
    #: the text below e-mails
    signature = Attribute("signature", text)
    #: how names are written
    name_format = Attribute("name_format", text, also="name_format__s")
    #: the language, such as ``en_US``
    language = Attribute("language", text)
    #: how things are written, such as ``en_US``
    locale = Attribute("locale", text)
    #: the country's, too
    country_locale = Attribute("country_locale", text)
    #: the group of tabs shown first
    default_tab_group = Attribute("default_tab_group", text)
    #: the sign in front of decimals
    decimal_separator = Attribute("decimal_separator", text)
    #: how times are written
    time_format = Attribute("time_format", text)
    #: how dates are written
    date_format = Attribute("date_format", text)
    #: the time zone, such as ``Europe/Berlin``
    time_zone = Attribute("time_zone", text)
    #: its distance from UTC in milliseconds
    offset = Attribute("offset", number)
    #: the currency's code
    currency = Attribute("Currency", text)
    #: the street
    street = Attribute("street", text)
    #: the city
    city = Attribute("city", text)
    #: the state
    state = Attribute("state", text)
    #: the zip code
    zip_code = Attribute("zip", text)
    #: the country
    country = Attribute("country", text)
    #: the phone number
    phone = Attribute("phone", text)
    #: the mobile phone number
    mobile = Attribute("mobile", text)
    #: the fax number
    fax = Attribute("fax", text)
    #: the web site
    website = Attribute("website", text)
    #: the day of birth
    date_of_birth = Attribute("dob", day)
    #: what the user chose to see
    customize_info = Attribute("customize_info", entity(UserCustomizeInfo))
    #: the colours
    theme = Attribute("theme", entity(Theme))
