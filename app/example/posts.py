"""What users published."""

from flask import Blueprint, Response
from sqlalchemy import func, select

from app.api.conditional import conditional
from app.api.openapi import answer, documented
from app.api.problems import not_found
from app.api.schemas import Page
from app.db.models import User
from app.example.models import Post
from app.example.replies import PostOut, PostPage
from app.runtime import runtime

blueprint = Blueprint("posts", __name__)


@blueprint.get("/api/users/<row_id:user_id>/posts")
@documented("users", gives=PostPage, errors=(404,))
def list_posts(user_id: int, query: Page) -> Response:
    """List a user's posts, newest first."""
    theirs = Post.user_id == user_id
    with runtime().db.session() as session:
        if session.get(User, user_id) is None:
            raise not_found("user")
        total = session.scalar(select(func.count()).select_from(Post).where(theirs)) or 0
        chosen = select(Post).where(theirs).order_by(Post.id.desc()).offset(query.offset).limit(query.per_page)
        rows = session.scalars(chosen).all()
    items = [PostOut.model_validate(row) for row in rows]
    return conditional(answer(PostPage(items=items, page=query.page, per_page=query.per_page, total=total)))
