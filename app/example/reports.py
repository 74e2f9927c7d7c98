"""Work that takes longer than a request: reports, made by a worker."""

import uuid

from flask import Blueprint, Response, g, url_for

from app.api.openapi import answer, documented
from app.api.problems import not_found
from app.api.replies import TaskOut, TaskRef
from app.example.schemas import NewReport, ReportHeaders
from app.runtime import runtime
from app.sessions import require_auth

blueprint = Blueprint("reports", __name__)


@blueprint.post("/api/reports")
@require_auth
@documented("reports", gives=TaskRef, status=202, auth=True)
def request_report(json: NewReport, headers: ReportHeaders) -> Response:
    """Ask for a report. ``Location`` says where to look how far it is.

    Asking again with the same ``Idempotency-Key`` (within a day) makes no second report.
    """
    key = headers.idempotency_key or uuid.uuid4().hex
    # The owner is part of the id: nobody can name, or look up, someone else's task.
    wanted = f"{_prefix()}{json.kind}:{key}"
    task_id = runtime().tasks.enqueue(
        "generate_report", {"user_id": g.user_id, "kind": json.kind}, priority="low", task_id=wanted
    )
    location = url_for("reports.get_task", task_id=task_id)
    return answer(TaskRef(task_id=task_id), 202, headers={"Location": location})


@blueprint.get("/api/tasks/<string(maxlength=200):task_id>")
@require_auth
@documented("reports", gives=TaskOut, errors=(404,), auth=True)
def get_task(task_id: str) -> Response:
    """See how far a task of one's own is."""
    info = runtime().tasks.info(task_id) if task_id.startswith(_prefix()) else None
    if info is None:
        raise not_found("task")
    return answer(TaskOut.model_validate(info))


def _prefix() -> str:
    return f"report:{g.user_id}:"
