from __future__ import annotations

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"


def test_every_decision_stands_in_the_index_under_its_title() -> None:
    titles = {}
    for path in DECISIONS.glob("0*.md"):
        number, title = path.read_text().splitlines()[0].removeprefix("# ").split(". ", 1)
        titles[path.name] = (number, title)
    rows = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    assert {name: (number, title) for number, title, name in rows} == titles
    assert [int(number) for number, _, _ in rows] == list(range(1, len(titles) + 1))
