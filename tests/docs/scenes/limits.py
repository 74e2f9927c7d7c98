"""What docs/limits.md takes for granted."""

from flask import Blueprint, Response

from app.runtime import runtime

blueprint = Blueprint("shop", __name__)
user_id = b"7"
recipients = ["ada@example.com"]
