"""How is one module set up: its fields, layouts, views and related lists?"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.collection import Collection
from zcrm_core.crm.custom_views import CustomView
from zcrm_core.crm.entity import Entity, objects_of
from zcrm_core.crm.fields import Field
from zcrm_core.crm.layouts import Layout
from zcrm_core.crm.paths import segment
from zcrm_core.crm.related_lists import RelatedListInfo
from zcrm_core.crm.versions import Version
from zcrm_core.exact_json import JSON
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["ModuleSettings"]

E = TypeVar("E", bound=Entity)


class ModuleSettings:
    """What :class:`ModuleClient` knows about its module.

    Every method raises :class:`NotFound` where there is no such module or thing, and :class:`ApiError` where
    the CRM refuses.
    """

    _client: Client
    _version: Version
    api_name: str

    def fields(self) -> list[Field]:
        """Give the module's fields (GET settings/fields)."""
        return self._of("fields", Field, "field").all(self._here)

    def field(self, field_id: str | int) -> Field:
        """Give one field by its id (GET settings/fields/{id})."""
        return self._of("fields", Field, "field").one(field_id, self._here)

    def layouts(self) -> list[Layout]:
        """Give the module's layouts (GET settings/layouts)."""
        return self._of("layouts", Layout, "layout").all(self._here)

    def layout(self, layout_id: str | int) -> Layout:
        """Give one layout by its id (GET settings/layouts/{id})."""
        return self._of("layouts", Layout, "layout").one(layout_id, self._here)

    def custom_views(self) -> list[CustomView]:
        """Give the module's custom views (GET settings/custom_views)."""
        return self._of("custom_views", CustomView, "custom view").all(self._here)

    def custom_view(self, view_id: str | int) -> CustomView:
        """Give one custom view by its id (GET settings/custom_views/{id})."""
        return self._of("custom_views", CustomView, "custom view").one(view_id, self._here)

    def custom_view_categories(self) -> dict[str, str]:
        """Give what a person sees for each category of custom views (GET settings/custom_views)."""
        response = self._client.request("GET", "settings/custom_views", params=self._here)
        if response.status == HTTPStatus.NO_CONTENT:
            return {}
        answer = response.json()
        objects_of(answer, "custom_views", CustomView, response.status)
        info = answer.get("info") if isinstance(answer, dict) else None
        shown = info.get("translation") if isinstance(info, dict) else info
        if shown is None:
            return {}
        if not isinstance(shown, dict):
            raise not_asked_for(
                f"The answer ({response.status}) has no names of the categories of custom views.",
                why="Zoho sends them as one object, so something else answered or the version is another.",
                fix="Check api_version and the region; report it if it goes on.",
            )
        return {key: str(label) for key, label in shown.items()}

    def sort_custom_view(self, view_id: str | int, sort_by: str, sort_order: str = "asc") -> BatchItem:
        """Change the order of a custom view (PUT settings/custom_views/{id}; later .../actions/change_sort).

        Args:
            view_id: the view's id.
            sort_by: the API name of the field.
            sort_order: ``asc`` or ``desc``.
        """
        path = f"settings/custom_views/{segment('custom view id', view_id)}"
        field: JSON = sort_by
        if self._version.sorts_views_by_action:
            path, field = f"{path}/actions/change_sort", {"api_name": sort_by}
        body = {"custom_views": [{"sort_by": field, "sort_order": sort_order}]}
        response = self._client.request("PUT", path, params=self._here, json=body)
        return only(response, "custom_views", "sort the custom view", view_id)

    def related_lists(self) -> list[RelatedListInfo]:
        """Give the module's related lists (GET settings/related_lists)."""
        return self._of("related_lists", RelatedListInfo, "related list").all(self._here)

    def related_list(self, list_id: str | int) -> RelatedListInfo:
        """Give one related list by its id (GET settings/related_lists/{id})."""
        return self._of("related_lists", RelatedListInfo, "related list").one(list_id, self._here)

    def _of(self, key: str, kind: Callable[[dict[str, JSON]], E], name: str) -> Collection[E]:
        return Collection(self._client, f"settings/{key}", kind, name)

    @property
    def _here(self) -> Params:
        return {"module": self.api_name}
