"""What the example's API gives, field by field."""

from datetime import datetime

from app.api.replies import Out, Paged


class PostOut(Out):
    """A post."""

    id: int
    user_id: int
    title: str
    body: str
    created_at: datetime


class ProductOut(Out):
    """A product."""

    id: int
    name: str
    description: str
    price_cents: int
    stock: int
    updated_at: datetime
    version: int


class MessageOut(Out):
    """A message."""

    id: int
    sender_id: int
    receiver_id: int
    body: str
    created_at: datetime


class ProductPage(Paged):
    """A part of the products."""

    items: list[ProductOut]


class PostPage(Paged):
    """A part of a user's posts, newest first."""

    items: list[PostOut]


class MessagePage(Paged):
    """A part of the messages one sent or received, newest first."""

    items: list[MessageOut]


class SearchOut(Out):
    """What was found."""

    products: list[ProductOut]
    posts: list[PostOut]
