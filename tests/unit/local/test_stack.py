from pathlib import Path

import pytest

from app.local.options import Options
from app.local.stack import environment


def test_the_parts_are_told_whose_stack_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    found = environment(Options(Path("data")), {"HAVEN_DATA": "/elsewhere"})
    assert found["HAVEN_DATA"] == str(tmp_path / "data")
