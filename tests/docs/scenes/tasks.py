"""What docs/tasks.md takes for granted."""

from app.runtime import runtime

addresses = ["ada@example.com", "grace@example.com"]
task_id = "rates:2026-01-01"
