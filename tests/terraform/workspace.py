"""Copies of terraform/ in which terraform may write, with whatever version of the helm provider is in reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "terraform"
CHART = ROOT / "charts" / "haven"
MODULE = "modules/haven"
EXAMPLES = ("local", "production")
# Nothing that the module uses differs between versions of the provider, so any will do to try it.
ANY_VERSION = {"terraform": {"required_providers": {"helm": {"source": "hashicorp/helm", "version": ">= 1.3"}}}}


def terraform() -> str:
    """The path of terraform; without it the test is skipped."""
    found = shutil.which("terraform")
    if not found:
        pytest.skip("terraform is not on PATH: install 1.9 or newer to run this")
    return found


@dataclass(frozen=True)
class Workspace:
    """A copy.

    Attributes:
        path: of the copy of terraform/.
    """

    path: Path

    def run(self, where: str, *arguments: str, timeout: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Run terraform in one of its directories."""
        # no plugin cache and no arguments of this machine's user
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_CLI_ARGS")}
        command = [terraform(), f"-chdir={self.path / where}", *arguments]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=environment | {"TF_IN_AUTOMATION": "1"},
        )

    def done(self, where: str, *arguments: str, timeout: float = 240.0) -> str:
        """Run it; what it printed. It must succeed."""
        done = self.run(where, *arguments, timeout=timeout)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def tested(self, *filters: str) -> list[dict[str, Any]]:
        """Run the module's native tests; its messages, those of failures as well."""
        options = ("-json", "-verbose", *(f"-filter={each}" for each in filters))
        return [json.loads(line) for line in self.run(MODULE, "test", *options).stdout.splitlines() if line]


def copied(directory: Path) -> Workspace:
    """A copy beside the chart, as in the repository, initialised.

    Without a provider in reach the test is skipped, but not in CI.
    """
    terraform()
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(SOURCE, directory / "terraform", ignore=ignored)
    (directory / "charts").mkdir()
    (directory / "charts" / "haven").symlink_to(CHART)
    made = Workspace(directory / "terraform")
    for where in (MODULE, *(f"examples/{name}" for name in EXAMPLES)):
        (made.path / where / "versions_override.tf.json").write_text(json.dumps(ANY_VERSION))
        done = made.run(where, "init", "-backend=false", "-input=false", "-no-color")
        if done.returncode != 0 and "provider" in done.stderr:
            message = (
                f"terraform finds no helm provider: name a mirror in TF_CLI_CONFIG_FILE, or go online\n{done.stderr}"
            )
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
        assert done.returncode == 0, done.stderr
    return made
