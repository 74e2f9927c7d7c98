"""One copy of terraform/ for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terraform.workspace import copied

if TYPE_CHECKING:
    from tests.terraform.workspace import Workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return copied(tmp_path_factory.mktemp("repository"))
