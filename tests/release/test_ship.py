"""What is pushed and signed, by targets that run beside programs which only note how they were called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.release.versions import current
from tests.release.surroundings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.release.surroundings import Stage

DIGEST = f"sha256:{'4b' * 32}"
BUILD = f"""while [ $# -gt 0 ]; do
  if [ "$1" = --metadata-file ]; then echo '{{"containerimage.digest": "{DIGEST}"}}' >"$2"; fi
  shift
done"""
VERSION = current()


@pytest.fixture
def to(tmp_path: Path) -> tuple[str, ...]:
    return (f"DIST={tmp_path / 'dist'}", "IMAGE=ghcr.io/Somebody/Haven", "CHARTS=ghcr.io/Somebody/charts")


def test_the_image_is_pushed_for_both_architectures_with_what_hangs_on_it(stage: Stage, to: tuple[str, ...]) -> None:
    stage.program("docker", BUILD)
    done = stage.make("image-push", *to)
    assert done.stdout.splitlines()[-1] == f"ghcr.io/somebody/haven@{DIGEST}", done.stderr
    (built,) = [call for call in stage.calls if "buildx build" in call]
    for word in ("linux/amd64,linux/arm64", "--provenance=mode=max", "--sbom=true", "--push"):
        assert word in built
    assert f"--tag ghcr.io/somebody/haven:{VERSION} " in built


def test_the_digest_that_was_pushed_is_signed_not_the_tag(stage: Stage, to: tuple[str, ...]) -> None:
    stage.program("docker", BUILD)
    stage.program("cosign")
    assert stage.make("image-push", "image-sign", *to).returncode == 0
    assert stage.calls[-1] == f"cosign sign --yes --recursive ghcr.io/somebody/haven@{DIGEST}"


def test_the_tags_v_is_no_part_of_the_version(stage: Stage, to: tuple[str, ...]) -> None:
    stage.program("docker", BUILD)
    assert stage.make("image-push", *to, VERSION="v7.8.9").returncode == 0
    assert "--tag ghcr.io/somebody/haven:7.8.9 " in stage.calls[-1]


def test_an_image_without_a_digest_was_not_pushed(stage: Stage, to: tuple[str, ...]) -> None:
    stage.program("docker", BUILD.replace(DIGEST, ""))
    done = stage.make("image-push", *to)
    assert done.returncode
    assert "was the image pushed?" in done.stderr


def test_the_chart_is_pushed_and_its_digest_signed(stage: Stage, to: tuple[str, ...], tmp_path: Path) -> None:
    stage.program("cosign")
    stage.program(
        "helm",
        f"""case $1 in
  package) tar -czf "$4/haven-{VERSION}.tgz" -T /dev/null ;;
  push) echo "Pushed: ghcr.io/somebody/charts/haven:{VERSION}"; echo "Digest: {DIGEST}" ;;
esac""",
    )
    done = stage.make("chart-push", "chart-sign", *to)
    assert done.returncode == 0, done.stderr
    assert f"helm push {tmp_path}/dist/haven-{VERSION}.tgz oci://ghcr.io/somebody/charts" in stage.calls
    assert stage.calls[-1] == f"cosign sign --yes ghcr.io/somebody/charts/haven@{DIGEST}"


@pytest.mark.parametrize("target", ["image-sign", "chart-sign"])
def test_nothing_is_signed_that_was_not_pushed(stage: Stage, to: tuple[str, ...], target: str) -> None:
    stage.program("cosign")
    done = stage.make(target, *to)
    assert done.returncode
    assert "comes first" in done.stderr
    assert stage.calls == []


@pytest.mark.parametrize("target", ["image-push", "image-sign", "chart-push", "chart-sign"])
def test_a_missing_place_is_named(stage: Stage, target: str, tmp_path: Path) -> None:
    stage.program("docker")
    stage.program("cosign")
    stage.program("helm")
    done = stage.make(target, f"DIST={tmp_path}")
    assert done.returncode
    assert f"is not set: make {target} " in done.stderr
    assert not [call for call in stage.calls if not call.startswith("docker info")]


@pytest.mark.parametrize(
    ("target", "program"),
    [
        ("image-push", "docker"),
        ("image-sign", "cosign"),
        ("chart-package", "helm"),
        ("chart-sign", "cosign"),
        ("kind-up", "kind"),
        ("kind-down", "kind"),
        ("tools", "go"),
    ],
)
def test_a_missing_program_is_named_with_the_remedy(
    stage: Stage, to: tuple[str, ...], target: str, program: str
) -> None:
    done = stage.make(target, *to, only=True)
    assert done.returncode
    assert f"{program} is not on PATH: install it" in done.stderr


def test_the_page_of_a_release_has_the_notes_the_chart_and_the_list(stage: Stage) -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nrelease-publish: ")[2].partition("\n\n")[0]
    assert recipe.startswith("release-check chart-package sbom ")
    for word in ("--verify-tag", "--notes-file $(DIST)/notes.md", "haven-$(VERSION).tgz", "sbom.cdx.json"):
        assert word in recipe
    stage.program("gh")
    refused = stage.make("release-publish", "VERSION=99.0.0")
    assert refused.returncode
    assert "99.0.0 is to be released" in refused.stderr
    assert stage.calls == []
