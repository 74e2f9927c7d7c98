"""`terraform` in the pages names directories, files and variables that exist; tests/cluster applies them."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, Block, blocks

BLOCKS = blocks("sh", "terraform")


@pytest.mark.parametrize("block", BLOCKS, ids=[block.at for block in BLOCKS])
def test_what_a_command_names_exists(block: Block) -> None:
    for line in filter(lambda each: each.startswith("terraform "), block.text.splitlines()):
        found = re.match(r"terraform -chdir=(\S+) (init|plan|apply|destroy|output|import|test|validate)\b", line)
        assert found, f"{block.at}: say where, as in `terraform -chdir=terraform/examples/local apply`: {line}"
        directory = ROOT / found[1]
        declared = "".join(file.read_text() for file in directory.glob("*.tf"))
        assert declared, f"{block.at}: there is no {found[1]}"
        for name in re.findall(r"-var[ =]'?(\w+)=", line):
            assert f'variable "{name}"' in declared, f"{block.at}: {found[1]} has no variable {name}"
        for name in re.findall(r"-var-file[ =](\S+)", line):
            assert (directory / name).exists(), f"{block.at}: there is no {found[1]}/{name}"
