"""How does a job go from added to over?"""

from __future__ import annotations

from collections.abc import Mapping

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call

Job = dict[str, object]


def start(call: Call, kind: str, content: Mapping[str, object]) -> str:
    """Keep a new job and return its id."""
    database = call.organization.database
    new_id = str(database.new_id())
    database.keep(kind, new_id, {"polls": 0, "at": call.now, "user": call.user.id, **content})
    return new_id


def look(call: Call, kind: str, job_id: str) -> tuple[Job, bool]:
    """Return a job, and whether it is over; every look brings it forward.

    Raises:
        Refusal: 404, there is no such job.
    """
    database = call.organization.database
    with database.lock:
        job = peek(call, kind, job_id)
        polls = int(str(job["polls"]))
        database.keep(kind, job_id, job | {"polls": polls + 1})
    return job, polls >= call.switches.job_polls


def peek(call: Call, kind: str, job_id: str) -> Job:
    """Return a job without bringing it forward.

    Raises:
        Refusal: 404, there is no such job.
    """
    job = call.organization.database.documents(kind).get(job_id)
    if job is None:
        raise Refusal(
            404, "RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", {"resource": job_id}
        )
    return job
