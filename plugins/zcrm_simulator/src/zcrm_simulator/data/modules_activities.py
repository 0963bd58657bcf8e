"""Which fields do tasks, events, calls and notes have?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Field, Module

_RELATED = (
    Field("Who_Id", "lookup", 120, target="Contacts", label="Contact Name"),
    Field("What_Id", "lookup", 120, target="*", label="Related To"),
)
PRIORITIES = ("High", "Highest", "Low", "Lowest", "Normal")
TASK_STATUSES = ("Not Started", "Deferred", "In Progress", "Completed", "Waiting for input")

TASKS = Module(
    "Tasks",
    "Task",
    "Tasks",
    "Subject",
    (
        Field("Subject", length=300, mandatory=True),
        Field("Due_Date", "date", 20),
        Field("Status", "picklist", 120, values=TASK_STATUSES),
        Field("Priority", "picklist", 120, values=PRIORITIES),
        *_RELATED,
        Field("Send_Notification_Email", "boolean", 5),
        Field("Closed_Time", "datetime", 120, read_only=True),
        Field("Description", "textarea", 32_000),
    ),
)

EVENTS = Module(
    "Events",
    "Meeting",
    "Meetings",
    "Event_Title",
    (
        Field("Event_Title", length=255, mandatory=True, label="Title"),
        Field("Start_DateTime", "datetime", 120, mandatory=True, label="From"),
        Field("End_DateTime", "datetime", 120, mandatory=True, label="To"),
        Field("All_day", "boolean", 5),
        Field("Venue", length=255, label="Location"),
        Field("Participants", "subform", 2_000_000),
        *_RELATED,
        Field("Description", "textarea", 32_000),
    ),
)

CALLS = Module(
    "Calls",
    "Call",
    "Calls",
    "Subject",
    (
        Field("Subject", length=255, mandatory=True),
        Field("Call_Type", "picklist", 120, mandatory=True, values=("Outbound", "Inbound", "Missed")),
        Field("Call_Start_Time", "datetime", 120, mandatory=True),
        Field("Call_Duration", length=120),
        Field(
            "Call_Purpose", "picklist", 120, values=("Prospecting", "Administrative", "Negotiation", "Demo")
        ),
        Field("Call_Result", "picklist", 120, values=("Interested", "Not interested", "No response/Busy")),
        *_RELATED,
        Field("Description", "textarea", 32_000),
    ),
)

NOTES = Module(
    "Notes",
    "Note",
    "Notes",
    "Note_Title",
    (
        Field("Note_Title", length=120),
        Field("Note_Content", "textarea", 32_000, mandatory=True),
        Field("Parent_Id", "lookup", 120, mandatory=True, target="*"),
    ),
)
