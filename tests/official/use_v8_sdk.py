"""What a program written for Zoho's Python SDK for v8 does: log in; list, create, update and delete leads.

It is given the servers' addresses and the client as JSON, and prints what it saw as JSON. The SDK takes its
servers from an ``Environment``; this one names other addresses, and nothing else of the SDK is touched.
"""

from __future__ import annotations

import json
import sys
import tempfile

from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.record import (
    ActionWrapper,
    BodyWrapper,
    DeleteRecordsParam,
    Field,
    GetRecordsParam,
    Record,
    RecordOperations,
    ResponseWrapper,
)


def main(given: dict[str, str]) -> dict[str, object]:
    """Use the SDK as its own documentation shows."""
    with tempfile.TemporaryDirectory() as folder:
        url = given["url"]
        Initializer.initialize(
            DataCenter.Environment(url, f"{url}/oauth/v2/token", url),
            OAuthToken(
                client_id=given["client_id"],
                client_secret=given["client_secret"],
                grant_token=given["grant_token"],
                redirect_url=given["redirect_uri"],
                find_user=False,
            ),
            store=FileStore(f"{folder}/tokens.txt"),
            resource_path=folder,
            logger=Logger.get_instance(level=Logger.Levels.ERROR, file_path=f"{folder}/log"),
        )
        return _leads()


def _leads() -> dict[str, object]:
    leads = RecordOperations("Leads")
    params = ParameterMap()
    params.add(GetRecordsParam.fields, "Last_Name,City,Owner,Created_Time,Annual_Revenue,Tag")
    listed = leads.get_records(params, HeaderMap()).get_object()
    assert isinstance(listed, ResponseWrapper), listed
    record = Record()
    record.add_field_value(Field.Leads.last_name(), "Made by the SDK for v8")
    record.add_field_value(Field.Leads.city(), "Old")
    [made] = _written(leads.create_records(_body(record), HeaderMap()))
    record_id = made.get_details()["id"]
    change = Record()
    change.add_field_value(Field.Leads.city(), "New")
    [updated] = _written(leads.update_record(int(record_id), _body(change), HeaderMap()))
    [again] = leads.get_record(int(record_id), ParameterMap(), HeaderMap()).get_object().get_data()
    delete = ParameterMap()
    delete.add(DeleteRecordsParam.ids, str(record_id))
    [deleted] = _written(leads.delete_records(delete, HeaderMap()))
    return {
        "listed": len(listed.get_data()),
        "more": listed.get_info().get_more_records(),
        "created": made.get_code().get_value(),
        "updated": updated.get_code().get_value(),
        "city": again.get_key_value("City"),
        "owner": again.get_key_value("Owner").get_name(),
        "deleted": deleted.get_code().get_value(),
        "id": str(record_id),
    }


def _body(record: Record) -> BodyWrapper:
    body = BodyWrapper()
    body.set_data([record])
    return body


def _written(response: object) -> list[object]:
    answer = response.get_object()
    assert isinstance(answer, ActionWrapper), answer
    return answer.get_data()


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
