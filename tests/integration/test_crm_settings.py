"""Can an organisation be read and set up: modules, fields, layouts, views, tags, people, taxes, variables?"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from zcrm_core import ApiError, Client, NotFound
from zcrm_core.crm.criteria import F
from zcrm_simulator import Simulator

operation = pytest.mark.operation


@operation("modules.list", "client.modules.list()")
@operation("modules.get", 'client.modules.get("Leads")')
def test_modules(client: Client) -> None:
    """Modules are listed and read with what they can do, and what was set is shown afterwards."""
    listed = {module.api_name: module for module in client.modules.list()}
    assert {"Leads", "Quotes", "Notes"} <= set(listed)

    leads = client.modules.get("Leads")

    assert (leads.id, leads.plural_label, leads.convertable) == (listed["Leads"].id, "Leads", True)
    assert leads.display_field == "Full_Name"
    assert {"Last_Name"} <= {field.api_name for field in leads.fields}
    assert client.modules.update("Leads", {"per_page": 50, "business_card_fields": ["Email", "Phone"]}).ok
    changed = client.modules.get("Leads")
    assert (changed.per_page, changed.business_card_fields) == (50, ("Email", "Phone"))
    with pytest.raises(ApiError, match="INVALID_DATA"):
        client.modules.update("Leads", {"business_card_fields": ["Nothing"]})
    with pytest.raises(NotFound):
        client.modules.get("Nothing")


@operation("fields.list", 'client.module("Leads").fields()')
@operation("fields.get", 'client.module("Leads").field(field_id)')
def test_fields(client: Client) -> None:
    """A field tells its type, its length, its values and where a lookup points."""
    contacts = {field.api_name: field for field in client.module("Contacts").fields()}
    source, account, email = contacts["Lead_Source"], contacts["Account_Name"], contacts["Email"]

    assert (source.data_type, source.pick_list_values[0].actual_value) == ("picklist", "Advertisement")
    assert account.lookup is not None
    assert (account.lookup.module, account.json_type) == ("Accounts", "jsonobject")
    assert (email.unique, email.case_sensitive, email.system_mandatory) == (True, False, False)
    assert client.module("Contacts").field(email.id or "") == email
    assert contacts["Last_Name"].layout_permissions == ("VIEW", "EDIT", "CREATE", "QUICK_CREATE")
    with pytest.raises(NotFound):
        client.module("Contacts").field("1")
    with pytest.raises(NotFound):
        client.module("Nothing").fields()


@operation("layouts.list", 'client.module("Leads").layouts()')
@operation("layouts.get", 'client.module("Leads").layout(layout_id)')
def test_layouts(client: Client) -> None:
    """A layout tells its sections, its profiles, and what a lead becomes."""
    [layout] = client.module("Leads").layouts()
    alone = client.module("Leads").layout(layout.id or "")

    assert alone == layout
    assert (alone.name, alone.visible) == ("Standard", True)
    assert {"Email"} <= {field.api_name for field in alone.sections[0].fields}
    assert [profile.name for profile in alone.profiles] == ["Administrator", "Standard", "Read Only"]
    deal = alone.convert_mapping["Deals"]
    assert {(field.api_name, field.required) for field in deal.fields} == {
        ("Deal_Name", True),
        ("Stage", True),
    }
    sections = client.module("Vendors").layouts()[0].sections
    assert [one.api_name for one in sections if one.subform_section] == ["Branches"]
    assert sections[-1].properties is not None
    with pytest.raises(NotFound):
        client.module("Leads").layout("1")


@operation("custom_views.list", 'client.module("Leads").custom_views()')
@operation("custom_views.get", 'client.module("Leads").custom_view(view_id)')
@operation("custom_views.update", 'client.module("Leads").sort_custom_view(view_id, "City", "asc")')
def test_custom_views(client: Client) -> None:
    """A view tells what it shows, by which conditions, and in which order, which can be changed."""
    leads = client.module("Leads")
    views = {view.system_name: view for view in leads.custom_views()}
    week, all_of_them = views["NEWTHISWEEK"], views["ALLVIEWS"]

    assert (all_of_them.default, all_of_them.criteria) == (True, None)
    assert week.fields == ("Full_Name", "Owner", "Modified_Time")
    assert week.criteria is not None
    assert str(week.criteria) == "((Created_Time:equal:${THISWEEK})and(Locked__s:equal:False))"
    assert week.criteria.pattern == "(1and2)"
    assert leads.sort_custom_view(week.id or "", "City", "asc").ok
    changed = leads.custom_view(week.id or "")
    assert (changed.sort_by, changed.sort_order) == ("City", "asc")
    categories = leads.custom_view_categories()
    assert {view.category for view in leads.custom_views()} <= set(categories)
    assert categories["public_views"] == "Public Views"
    with pytest.raises(NotFound):
        leads.custom_view("1")


def test_a_view_is_sorted_at_the_version_s_own_address(client: Client, zcrm_simulator: Simulator) -> None:
    """v2 changes the view itself, later versions have an action for it."""
    leads = client.module("Leads")
    view = leads.custom_views()[0]
    leads.sort_custom_view(view.id or "", "City")

    put = [one.path for one in zcrm_simulator.requests if one.method == "PUT"]
    tail = "" if client.config.api_version == "v2" else "/actions/change_sort"
    assert put == [f"/crm/{client.config.api_version}/settings/custom_views/{view.id}{tail}"]


@operation("related_lists.list", 'client.module("Leads").related_lists()')
@operation("related_lists.get", 'client.module("Leads").related_list(list_id)')
def test_related_lists(client: Client) -> None:
    """A related list tells its name and the module whose records it shows."""
    leads = client.module("Leads")
    lists = {one.api_name: one for one in leads.related_lists()}

    products = leads.related_list(lists["Products"].id or "")

    assert (products.module, products.href, products.visible) == (
        "Products",
        "Leads/{ENTITYID}/Products",
        True,
    )
    with pytest.raises(NotFound):
        leads.related_list("1")


# -- tags ----------------------------------------------------------------------------------------------


@operation("tags.list", 'client.module("Leads").tags.list()')
@operation("tags.create_many", 'client.module("Leads").tags.create(["hot", "cold"])')
@operation("tags.update_many", 'client.module("Leads").tags.update({tag_id: "warm"})')
@operation("tags.update", 'client.module("Leads").tags.rename(tag_id, "warm")')
@operation("tags.delete", 'client.module("Leads").tags.delete(tag_id)')
@operation("tags.merge", 'client.module("Leads").tags.merge(tag_id, into=other_id)')
@operation("tags.count", 'client.module("Leads").tags.count(tag_id)')
@operation("tags.add_to_records", 'client.module("Leads").add_tags(ids, ["hot"])')
@operation("tags.remove_from_records", 'client.module("Leads").remove_tags(ids, ["hot"])')
@operation("tags.add_to_record", 'client.module("Leads").record(lead_id).add_tags(["hot"])')
@operation("tags.remove_from_record", 'client.module("Leads").record(lead_id).remove_tags(["hot"])')
def test_tags(client: Client) -> None:
    """Tags are made, put on records, counted, renamed, merged, taken off and deleted, on the records too."""
    leads = client.module("Leads")
    made = leads.tags.create(["hot", "cold", "gone"])
    hot, cold, gone = (item.id or "" for item in made)
    assert leads.tags.create("hot")[0].code == "DUPLICATE_DATA"
    ids = [item.id or "" for item in leads.create({"Last_Name": f"T {number}"} for number in range(3))]

    assert leads.add_tags(ids, ["hot", "new one"]).ok
    leads.record(ids[0]).add_tags(["cold", "gone"])
    assert (leads.tags.count(hot), leads.tags.count(cold)) == (3, 1)
    names = {tag.name for tag in leads.tags.list()}
    assert {"hot", "cold", "gone", "new one"} <= names

    assert leads.tags.update({hot: "very hot", cold: "colder"}).ok
    leads.tags.rename(hot, "hotter")
    leads.tags.delete(gone)
    assert {tag.name for tag in leads.get(ids[0]).tags} == {"hotter", "new one", "colder"}

    leads.tags.merge(cold, into=hot)
    assert {tag.name for tag in leads.get(ids[0]).tags} == {"hotter", "new one"}
    assert leads.tags.count(hot) == 3
    assert leads.remove_tags(ids[:2], ["new one"]).ok
    leads.record(ids[2]).remove_tags(["hotter", "new one"])
    assert [[tag.name for tag in leads.get(each).tags] for each in ids] == [["hotter"], ["hotter"], []]
    assert leads.add_tags(["1"], ["hot"])[0].code == "INVALID_DATA"


@pytest.mark.parametrize("names", [[], "hot", [""]])
def test_tags_without_names_are_refused(client: Client, names: list[str]) -> None:
    """No name, a text in place of a list, and an empty name are errors before anything is sent."""
    with pytest.raises(ApiError, match="names of the tags"):
        client.module("Leads").add_tags(["1"], names)


def test_a_comma_in_a_tag(client: Client) -> None:
    """A name with a comma is one tag since v3, and refused in v2, which would make two of it."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "A"})
    if client.config.api_version == "v2":
        with pytest.raises(ApiError, match="divides names at commas"):
            leads.record(made.id or "").add_tags(["a, b"])
        return
    leads.record(made.id or "").add_tags(["a, b"])
    assert [tag.name for tag in leads.get(made.id or "").tags] == ["a, b"]


# -- people --------------------------------------------------------------------------------------------


@operation("org.get", "client.org.get()")
def test_the_organisation(client: Client) -> None:
    """The organisation is told with its numbers, its place and its licence."""
    org = client.org.get()

    assert (org.company_name, org.iso_code, org.paid, org.paid_type) == (
        "Hollowbrook Trading",
        "USD",
        True,
        "enterprise",
    )
    assert (org.employee_count, org.users_license_purchased, org.zip_code) == (9, 10, "100001")


@operation("roles.list", "client.roles.list()")
@operation("roles.get", "client.roles.get(role_id)")
@operation("profiles.list", "client.profiles.list()")
@operation("profiles.get", "client.profiles.get(profile_id)")
def test_roles_and_profiles(client: Client) -> None:
    """A role reports to a role, and a profile tells its rights."""
    roles = {role.name: role for role in client.roles.list()}
    manager = client.roles.get(roles["Manager"].id or "")
    assert manager.reporting_to is not None
    assert (manager.reporting_to.name, manager.admin_user, roles["CEO"].admin_user) == ("CEO", False, True)

    profiles = {profile.name: profile for profile in client.profiles.list()}
    reader = client.profiles.get(profiles["Read Only"].id or "")
    enabled = {right.name for right in reader.permissions if right.enabled and right.module == "Leads"}
    assert enabled == {"Crm_Implied_View_Leads"}
    assert reader.sections[0].categories[0].permission_ids
    for read, kind in ((client.roles.get, "role"), (client.profiles.get, "profile")):
        with pytest.raises(NotFound, match=kind):
            read("1")


@operation("users.get", "client.users.get(user_id)")
@operation("users.delete", "client.users.delete(user_id)")
def test_a_user_comes_and_goes(client: Client) -> None:
    """A user is invited, changed, deleted, and then among the deleted ones."""
    role, profile = client.roles.list()[1], client.profiles.list()[1]
    new = {
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@x.example",
        "role": role.id,
        "profile": profile.id,
    }

    item = client.users.create(new)
    user = client.users.get(item.id or "")
    assert (user.full_name, user.email, user.confirm, user.status) == (
        "Ada Byron",
        "ada@x.example",
        False,
        "active",
    )
    assert user.role is not None
    assert user.role.id == role.id
    client.users.update(item.id or "", {"phone": "+1 555 0101", "last_name": "Lovelace"})
    changed = client.users.get(item.id or "")
    assert (changed.last_name, changed.phone) == ("Lovelace", "+1 555 0101")
    client.users.delete(item.id or "")
    assert [user.id for user in client.users.list("DeletedUsers")] == [item.id]
    assert item.id not in {user.id for user in client.users.list()}
    for wrong, code in (
        ({**new, "email": client.users.current().email}, "DUPLICATE_DATA"),
        ({}, "MANDATORY_NOT_FOUND"),
    ):
        with pytest.raises(ApiError, match=code):
            client.users.create(wrong)


def test_users_are_searched(client: Client) -> None:
    """Users are found by criteria, those of the builder and those of Zoho's own text."""
    built = [user.full_name for user in client.users.search(F.country.starts_with("Ind"))]

    assert (
        built == [user.full_name for user in client.users.search("country:starts_with:I*")] == ["Priya Raman"]
    )
    assert list(client.users.search(F.country == "Nowhere")) == []


def test_users_that_did_not_change(client: Client) -> None:
    """Users can be asked for those who changed since a time."""
    later = datetime(2026, 1, 1, tzinfo=timezone.utc)
    listing = client.users.list(modified_since=later)

    assert list(listing) == []
    assert listing.not_modified


# -- taxes and variables -------------------------------------------------------------------------------


@operation("taxes.list", "client.taxes.list()")
@operation("taxes.get", "client.taxes.get(tax_id)")
def test_taxes_are_read_and_changed(client: Client) -> None:
    """A tax keeps its label and its rate apart, fractions included, and zero is a rate."""
    taxes = {tax.name: tax for tax in client.taxes.list()}
    vat = taxes["Vat"]

    assert client.taxes.update([{"id": vat.id, "value": 0, "display_label": "VAT of nothing"}]).ok

    changed = client.taxes.get(vat.id or "")
    assert (changed.name, changed.display_label, changed.value) == ("Vat", "VAT of nothing", Decimal(0))
    assert str(taxes["Sales Tax"].value) == "7.5"
    with pytest.raises(NotFound):
        client.taxes.get("1")


def test_taxes_come_and_go(client: Client) -> None:
    """Taxes are made and deleted, many at once and alone."""
    before = len(client.taxes.list())
    made = client.taxes.create(
        [{"name": "A", "value": 1.5}, {"name": "B", "value": 2}, {"name": "C", "value": 3}]
    )
    assert made.ok
    ids = {tax.name: tax.id or "" for tax in client.taxes.list()}

    assert client.taxes.delete([ids["A"], ids["B"]]).ok
    client.taxes.delete_one(ids["C"])

    assert len(client.taxes.list()) == before
    assert client.taxes.create([]).ok
    with pytest.raises(ApiError, match=r"INVALID_DATA|records failed"):
        client.taxes.delete_one("1")


def test_a_tax_is_made_or_changed_as_was_said(client: Client, zcrm_simulator: Simulator) -> None:
    """An update without an id makes no tax, and what is to be made changes none."""
    taxes = [dict(tax) for tax in client.taxes.list()]
    before = len(zcrm_simulator.requests)
    for wrong in ({"name": "A", "value": 1}, {"id": None, "value": 1}, {"id": "", "value": 1}):
        with pytest.raises(ApiError, match="Tax 1 of the update has no id"):
            client.taxes.update([{"id": taxes[0]["id"], "value": 1}, wrong])
    with pytest.raises(ApiError, match="Tax 0 to be made has an id"):
        client.taxes.create({"id": taxes[0]["id"], "name": "A", "value": 1})

    assert len(zcrm_simulator.requests) == before
    assert client.taxes.update({"id": int(str(taxes[0]["id"])), "value": 3}).ok
    assert [tax["name"] for tax in client.taxes.list()] == [tax["name"] for tax in taxes]


def test_the_outcome_of_a_tax_names_that_tax(client: Client) -> None:
    """An outcome has the id of its tax, or none where Zoho tells none of a new one; never another thing's."""
    [made] = client.taxes.create({"name": "A", "value": 1})
    tax = next(tax for tax in client.taxes.list() if tax.name == "A")
    assert made.id == (tax.id if client.config.api_version == "v2" else None)
    assert tax.id is not None

    assert client.taxes.update({"id": tax.id, "value": 2})[0].id == tax.id
    assert client.taxes.delete([tax.id])[0].id == tax.id


def test_taxes_go_to_the_version_s_own_address(client: Client, zcrm_simulator: Simulator) -> None:
    """v2 has a method for each change of taxes; since v3 one PUT takes all of them."""
    client.taxes.create({"name": "A", "value": 1})
    tax = next(tax for tax in client.taxes.list() if tax.name == "A")
    client.taxes.delete([tax.id or ""])
    client.taxes.create({"name": "B", "value": 1})
    client.taxes.delete_one(next(tax.id for tax in client.taxes.list() if tax.name == "B") or "")

    sent = [one.method for one in zcrm_simulator.requests if "taxes" in one.path and one.method != "GET"]
    assert sent == (
        ["POST", "DELETE", "POST", "DELETE"] if client.config.api_version == "v2" else ["PUT"] * 4
    )


@operation("variable_groups.list", "client.variable_groups.list()")
@operation("variable_groups.get", "client.variable_groups.get(group_id)")
@operation("variables.list", "client.variables.list()")
@operation("variables.get", 'client.variables.get(variable_id, group="General")')
@operation("variables.delete", "client.variables.delete(variable_id)")
def test_variables(client: Client) -> None:
    """Variables are made, found by id and name, changed and deleted; 0, false and "" are values."""
    group = client.variable_groups.list()[0]
    assert (
        client.variable_groups.get(group.api_name or "")
        == group
        == client.variable_groups.get(group.id or "")
    )
    base = {"name": "n", "type": "integer", "variable_group": group}

    made = client.variables.create(
        [
            {**base, "api_name": "Zero", "type": "checkbox", "value": True},
            {**base, "api_name": "Other", "value": 7},
        ]
    )
    made.raise_for_failures()
    zero, other = (item.id or "" for item in made)
    assert client.variables.get(zero, group=group.api_name).value is True
    assert client.variables.update([{"id": zero, "value": False}, {"id": other, "value": 0}]).ok
    assert client.variables.update_one(other, {"value": "", "description": "d"}).ok

    found = {one.api_name: one for one in client.variables.list()}
    assert (found["Zero"].value, found["Other"].value, found["Other"].description) == (False, "", "d")
    assert client.variables.get(zero, group=group.api_name).value is False
    assert found["Zero"].variable_group is not None
    assert found["Zero"].variable_group.api_name == "General"
    client.variables.delete(zero)
    assert [one.api_name for one in client.variables.list()] == ["Other"]
    assert client.variables.create({**base, "api_name": "Other"})[0].code == "DUPLICATE_DATA"
    with pytest.raises(NotFound):
        client.variables.get(zero, group="General")
