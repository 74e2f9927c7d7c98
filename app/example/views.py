"""The example's resources, a file each."""

from typing import Final

from app.example import messages, posts, products, reports, search

BLUEPRINTS: Final = tuple(resource.blueprint for resource in (messages, posts, products, reports, search))
