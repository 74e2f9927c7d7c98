"""What pages show of files is right: values of the chart, experiments, terraform, TOML, JSON."""

from __future__ import annotations

import json
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.chart.rendering import CHART, KUBERNETES, tool
from tests.docs.pages import ROOT, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELM = blocks("yaml", "values")
FILES = [block for language in ("toml", "json", "yaml") for block in blocks(language, "file")]
HCL = blocks("hcl", "")
READ: dict[str, Callable[[str], object]] = {"toml": tomllib.loads, "json": json.loads, "yaml": yaml.safe_load}
# What every production release gives besides; a page shows the values that it speaks of.
BESIDES = {"image": {"repository": "registry.example/haven", "tag": "1"}}


@pytest.mark.parametrize("block", HELM, ids=[block.at for block in HELM])
def test_the_chart_takes_the_values(block: Block, tmp_path: Path) -> None:
    (tmp_path / "besides.yaml").write_text(yaml.safe_dump(BESIDES))
    (tmp_path / "values.yaml").write_text(block.text)
    files = (str(tmp_path / "besides.yaml"), "--values", str(tmp_path / "values.yaml"))
    done = subprocess.run(
        [tool("helm"), "template", "haven", str(CHART), "--kube-version", KUBERNETES, "--values", *files],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{block.at}: {done.stderr}"


@pytest.mark.parametrize("block", FILES, ids=[block.at for block in FILES])
def test_a_file_can_be_read(block: Block) -> None:
    assert READ[block.language](block.text), block.at


@pytest.mark.parametrize("block", HCL, ids=[block.at for block in HCL])
def test_terraform_formats_it_the_same(block: Block) -> None:
    done = subprocess.run(
        [tool("terraform"), "fmt", "-"],
        input=block.text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, f"{block.at}: {done.stderr}"
    assert done.stdout == block.text, f"{block.at}: run terraform fmt on it"
