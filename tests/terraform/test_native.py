"""What terraform and tflint say of the module and of the examples."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.chart.rendering import template
from tests.release.surroundings import tool
from tests.terraform.workspace import EXAMPLES, SOURCE
from tests.terraform.workspace import MODULE as WHERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform.workspace import Workspace


@pytest.mark.parametrize("where", [WHERE, *(f"examples/{name}" for name in EXAMPLES)])
def test_it_is_valid(workspace: Workspace, where: str) -> None:
    assert "Success" in workspace.done(where, "validate", "-no-color")


def test_it_is_formatted(workspace: Workspace) -> None:
    done = workspace.run(".", "fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, f"run `terraform fmt -recursive terraform`:\n{done.stdout}"


def test_the_example_for_production_is_taken_by_the_chart(workspace: Workspace, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan")
    workspace.done("examples/production", "plan", "-input=false", "-var-file=example.tfvars", f"-out={plan}")
    shown = yaml.safe_load(workspace.done("examples/production", "show", "-json", plan))
    (change,) = shown["resource_changes"]
    files = [tmp_path / "typed.yaml", tmp_path / "extra.yaml"]
    for file, text in zip(files, change["change"]["after"]["values"], strict=True):
        file.write_text(text)
    done = template(*(option for file in files for option in ("--values", str(file))))
    assert done.returncode == 0, done.stderr
    assert "StatefulSet" not in done.stdout
    assert "redis.example.com" in done.stdout


def test_tflint_finds_nothing() -> None:
    command = [
        tool("tflint", "make tflint"),
        f"--chdir={SOURCE}",
        "--recursive",
        f"--config={SOURCE / '.tflint.hcl'}",
        "--format=compact",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
