"""Finding products and posts."""

from flask import Blueprint, Response, request
from flask import session as cookie_session
from sqlalchemy import or_, select

from app.api.openapi import answer, documented
from app.api.replies import PostOut, ProductOut, SearchOut
from app.api.schemas import Search
from app.db.models import Post, Product
from app.errors import StoreError
from app.ratelimit import client_address, rate_limit
from app.runtime import runtime
from app.store import deadline

blueprint = Blueprint("search", __name__)


def _asker() -> str:
    """The user where there is a session, else the address."""
    session_id = request.headers.get("X-Session-ID")
    try:
        with deadline(1.0):  # a limit that lets requests pass without Redis should not hold them up for it
            session = runtime().sessions.load(session_id) if session_id else None
            user_id = session.user_id if session else cookie_session.get("user_id")
    except StoreError:
        user_id = None
    return f"user:{user_id}" if user_id else f"address:{client_address()}"


@blueprint.get("/api/search")
@rate_limit(30, 60, _asker)
@documented("search", gives=SearchOut, errors=(429,))
def search(query: Search) -> Response:
    """Find products and posts that contain a text, in any case. Thirty searches a minute per user or address."""
    with runtime().db.session() as session:
        products = session.scalars(
            select(Product)
            .where(
                or_(
                    Product.name.icontains(query.q, autoescape=True),
                    Product.description.icontains(query.q, autoescape=True),
                )
            )
            .order_by(Product.id)
            .limit(query.limit)
        ).all()
        posts = session.scalars(
            select(Post)
            .where(or_(Post.title.icontains(query.q, autoescape=True), Post.body.icontains(query.q, autoescape=True)))
            .order_by(Post.id.desc())
            .limit(query.limit)
        ).all()
    found = SearchOut(
        products=[ProductOut.model_validate(row) for row in products],
        posts=[PostOut.model_validate(row) for row in posts],
    )
    return answer(found)
