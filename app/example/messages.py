"""Messages between users: kept in the database, told as events."""

from flask import Blueprint, Response, g
from sqlalchemy import func, or_, select

from app.api.events import announce
from app.api.openapi import answer, documented
from app.api.problems import invalid
from app.api.schemas import Page
from app.db.models import User
from app.example.models import Message
from app.example.replies import MessageOut, MessagePage
from app.example.schemas import NewMessage
from app.runtime import runtime
from app.sessions import require_auth

blueprint = Blueprint("messages", __name__)


@blueprint.post("/api/messages")
@require_auth
@documented("messages", gives=MessageOut, status=201, errors=(409,), auth=True)
def send_message(json: NewMessage) -> Response:
    """Send a message. The receiver gets the event ``message.created``."""
    app = runtime()
    with app.db.session() as session:
        if session.get(User, json.receiver_id) is None:
            raise invalid("receiver_id", "there is no such user", json.receiver_id)
        row = Message(sender_id=g.user_id, receiver_id=json.receiver_id, body=json.body)
        session.add(row)
    message = MessageOut.model_validate(row)
    announce(lambda: app.events.to_user(message.receiver_id, "message.created", message.model_dump(mode="json")))
    return answer(message, 201)


@blueprint.get("/api/messages")
@require_auth
@documented("messages", gives=MessagePage, auth=True)
def list_messages(query: Page) -> Response:
    """List the messages one sent or received, newest first."""
    mine = or_(Message.receiver_id == g.user_id, Message.sender_id == g.user_id)
    with runtime().db.session() as session:
        total = session.scalar(select(func.count()).select_from(Message).where(mine)) or 0
        chosen = select(Message).where(mine).order_by(Message.id.desc()).offset(query.offset).limit(query.per_page)
        rows = session.scalars(chosen).all()
    items = [MessageOut.model_validate(row) for row in rows]
    return answer(MessagePage(items=items, page=query.page, per_page=query.per_page, total=total))
