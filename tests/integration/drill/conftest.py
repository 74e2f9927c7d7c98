from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.stack.running import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(tmp_path_factory.mktemp("stack")) as running:
        running.wait_healthy(60)
        yield running
