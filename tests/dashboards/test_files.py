"""The files are what the code makes, and each of them can be imported beside the others."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.dashboards import defaults as on
from scripts.dashboards.__main__ import main, pages
from tests.dashboards.reading import DIRECTORY, FILES, dashboards, panels

UIDS = {"haven-overview", "haven-redis", "haven-tasks", "haven-patterns", "haven-drills"}
COLUMNS = 24
# The API server takes 1 MiB, but `kubectl apply` keeps a copy in an annotation, and all of these have 256 KiB.
LARGEST = 256 * 1024


def test_the_files_are_what_the_code_makes() -> None:
    found = pages()
    assert set(found) == set(FILES)
    for path, text in found.items():
        assert path.read_text() == text, f"{path.name} is out of date: run `make docs`"
    assert pages() == found


def test_check_names_the_file_that_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("scripts.dashboards.__main__.DIRECTORY", tmp_path)
    monkeypatch.setattr("scripts.dashboards.__main__.ROOT", tmp_path)
    main(check=False)
    main(check=True)
    (tmp_path / "haven-tasks.json").write_text("{}")
    (tmp_path / "haven-former.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"haven-former.json, haven-tasks.json: out of date: run `make docs`"):
        main(check=True)
    main(check=False)
    assert {path.stem for path in tmp_path.glob("*.json")} == UIDS
    main(check=True)


def test_alerts_find_them_by_their_names() -> None:
    assert {each["uid"] for each in dashboards()} == {path.stem for path in FILES} == UIDS
    assert all(each["tags"] == ["haven"] for each in dashboards())
    assert len({each["title"] for each in dashboards()}) == len(UIDS)


def test_each_fits_into_a_config_map_that_is_applied() -> None:
    assert all(path.stat().st_size < LARGEST / 2 for path in DIRECTORY.iterdir())


def test_nothing_in_them_belongs_to_one_grafana() -> None:
    for each in dashboards():
        assert not each.keys() & {"id", "version", "iteration", "__inputs"}


def test_panels_lie_on_the_grid_and_on_nothing_else() -> None:
    for dashboard in dashboards():
        taken: dict[tuple[int, int], str] = {}
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= COLUMNS, panel["title"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert taken.setdefault((x, y), panel["title"]) == panel["title"], f"on {taken[x, y]}"


def test_every_row_of_panels_is_full() -> None:
    for dashboard in dashboards():
        used: dict[int, int] = {}
        for panel in dashboard["panels"]:
            used[panel["gridPos"]["y"]] = used.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
        assert set(used.values()) == {COLUMNS}, dashboard["uid"]


def test_a_panel_keeps_its_id_when_another_comes_before_it() -> None:
    first, second = (on.number(title, "", "none", ("up", "")) for title in ("First", "Second"))
    alone = on.dashboard("a", "A", "", {"Row": [second]})
    behind = on.dashboard("a", "A", "", {"Row": [first, second]})
    assert [each.id_val for each in alone.panels or []][-1] == [each.id_val for each in behind.panels or []][-1]


def test_two_panels_of_one_title_are_refused() -> None:
    twins = [on.number("Twin", "", "none", ("up", "")) for _ in range(2)]
    with pytest.raises(ValueError, match="two panels are called 'Twin'"):
        on.dashboard("a", "A", "", {"Row": twins})


def test_a_panel_on_two_dashboards_asks_the_same() -> None:
    asked: dict[str, set[str]] = {}
    for dashboard in dashboards():
        for panel in panels(dashboard):
            asked.setdefault(panel["title"], set()).add(str([each["expr"] for each in panel["targets"]]))
    assert {title for title, queries in asked.items() if len(queries) > 1} == set()
