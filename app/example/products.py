"""Products: read through the cache, changed in the database."""

from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import String, cast, func, select, update
from werkzeug.datastructures import ETags

from app.api.conditional import conditional
from app.api.events import announce
from app.api.openapi import answer, documented
from app.api.problems import ProblemError, not_found
from app.api.schemas import Page
from app.cache import cache_result
from app.example.models import Product
from app.example.replies import ProductOut, ProductPage
from app.example.schemas import ProductChange
from app.runtime import runtime
from app.sessions import require_auth

blueprint = Blueprint("products", __name__)


@blueprint.get("/api/products")
@documented("products", gives=ProductPage)
def list_products(query: Page) -> Response:
    """List the products."""
    with runtime().db.session() as session:
        rows = session.scalars(select(Product).order_by(Product.id).offset(query.offset).limit(query.per_page)).all()
        total = session.scalar(select(func.count()).select_from(Product)) or 0
    items = [ProductOut.model_validate(row) for row in rows]
    return conditional(answer(ProductPage(items=items, page=query.page, per_page=query.per_page, total=total)))


@blueprint.get("/api/products/<row_id:product_id>")
@documented("products", gives=ProductOut, errors=(404,))
def get_product(product_id: int) -> Response:
    """Get a product. It is read through the cache; a change shows at once."""
    product = ProductOut.model_validate(_load(product_id))
    return conditional(answer(product), str(product.version))


@blueprint.put("/api/products/<row_id:product_id>")
@require_auth
@documented("products", gives=ProductOut, errors=(404, 412), auth=True)
def update_product(product_id: int, json: ProductChange) -> Response:
    """Change a product.

    Changes made at the same moment follow each other; with ``If-Match`` (the ``ETag`` that was read) only the first is
    made. Everyone who listens to the events is told.
    """
    app = runtime()
    row = _change(product_id, json.model_dump(), request.if_match)
    app.cache.invalidate_by_tag(f"product:{product_id}")
    product = ProductOut.model_validate(row)
    announce(lambda: app.events.broadcast("product.updated", product.model_dump(mode="json")))
    response = answer(product)
    response.set_etag(str(product.version))
    return response


def _change(product_id: int, values: dict[str, Any], if_match: ETags) -> Product:
    """Change the row in one statement: its lock never waits for this process to get its turn."""
    wanted = [Product.id == product_id]
    if if_match and not if_match.star_tag:
        wanted.append(cast(Product.version, String).in_(if_match.as_set()))
    change = update(Product).where(*wanted).values(**values, version=Product.version + 1).returning(Product)
    with runtime().db.session(single=True) as session:
        row = session.scalar(change)
        if row is not None:
            return row
        version = session.scalar(select(Product.version).where(Product.id == product_id))
    if version is None:
        raise not_found("product")
    raise ProblemError(412, f"The product has version {version} by now. Read it again and repeat.")


@cache_result("product", ttl=300, tags=lambda product_id: [f"product:{product_id}", "products"])
def _load(product_id: int) -> dict[str, Any]:
    # An unknown id raises, so that guessing ids fills no cache.
    with runtime().db.session() as session:
        row = session.get(Product, product_id)
    if row is None:
        raise not_found("product")
    return ProductOut.model_validate(row).model_dump(mode="json")
