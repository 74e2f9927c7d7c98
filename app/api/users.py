"""Users: everyone may look, only they themselves may change or leave."""

from flask import Blueprint, Response, g
from sqlalchemy.exc import IntegrityError

from app.api.conditional import conditional
from app.api.openapi import answer, documented
from app.api.problems import ProblemError, not_found
from app.api.replies import AccountOut, UserOut
from app.api.schemas import UserChange
from app.db.models import User
from app.runtime import runtime
from app.sessions import require_auth

blueprint = Blueprint("users", __name__)


@blueprint.get("/api/users/<row_id:user_id>")
@documented("users", gives=UserOut, errors=(404,))
def get_user(user_id: int) -> Response:
    """Get a user, without the e-mail address."""
    with runtime().db.session() as session:
        user = session.get(User, user_id)
    if user is None:
        raise not_found("user")
    return conditional(answer(UserOut.model_validate(user)))


@blueprint.put("/api/users/<row_id:user_id>")
@require_auth
@documented("users", gives=AccountOut, errors=(403, 404, 409), auth=True)
def update_user(user_id: int, json: UserChange) -> Response:
    """Change one's own name and e-mail address."""
    _only_oneself(user_id)
    try:
        with runtime().db.session() as session:
            user = session.get(User, user_id)
            if user is None:
                raise not_found("user")
            user.name, user.email = json.name, json.email
    except IntegrityError as error:
        # Only the address is unique.
        raise ProblemError(409, "Another user has this e-mail address.") from error
    return answer(AccountOut.model_validate(user))


@blueprint.delete("/api/users/<row_id:user_id>")
@require_auth
@documented("users", status=204, errors=(403, 404), auth=True)
def delete_user(user_id: int) -> Response:
    """Leave: delete oneself with one's posts and messages, and end all of one's sessions."""
    _only_oneself(user_id)
    # Sessions first: when Redis is away nothing has happened yet, and the request can be repeated.
    runtime().sessions.destroy_all(user_id)
    with runtime().db.session() as session:
        user = session.get(User, user_id)
        if user is None:
            raise not_found("user")
        session.delete(user)
    return Response(status=204)


def _only_oneself(user_id: int) -> None:
    if g.user_id != user_id:
        raise ProblemError(403, "Only the user themselves may do this.")
