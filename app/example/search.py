"""Finding products and posts."""

from flask import Blueprint, Response
from sqlalchemy import or_, select

from app.api.openapi import answer, documented
from app.example.models import Post, Product
from app.example.replies import PostOut, ProductOut, SearchOut
from app.example.schemas import Search
from app.ratelimit import rate_limit, who
from app.runtime import runtime

blueprint = Blueprint("search", __name__)


@blueprint.get("/api/search")
@rate_limit("30/minute", by=who.user)
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
