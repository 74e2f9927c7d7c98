"""The commands that pages show for a cluster, against one release: those that look, and in `full` those that change."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.cluster.kube import kubectl
from tests.cluster.overlays import overlaid
from tests.cluster.release import NAME, Release
from tests.docs import standins
from tests.docs.pages import Block, blocks
from tests.docs.shells import PRELUDE, environment, make_desk, run, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCKS = blocks("sh", "cluster")
LOOKS = [block for block in BLOCKS if block.home == ("cluster",)]
CHANGES = [block for block in BLOCKS if block.home == ("cluster", "full")]
INSTALLS = [block for block in BLOCKS if block.home == ("cluster", "new")]
RESTORES = "docs/backup.md"
"""It brings a backup back, which is for a release whose data went."""
# Pages ask for what a cluster may lack: the metrics server, cert-manager, the Prometheus operator. kubectl says so.
OPTIONAL = r"""
kubectl() {
  local said code=0
  said=$(mktemp)
  command kubectl --namespace "$HELM_NAMESPACE" "$@" 2>"$said" || code=$?
  cat "$said" >&2
  [ $code = 0 ] || command grep -qE 'resource type "(certificates|podmonitors)"|Metrics API not available' "$said"
}
"""
_LOOKED_AT: set[str] = set()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_desk(tmp_path_factory.mktemp("docs") / "haven")


def follow(block: Block, text: str, release: Release, desk: Path) -> str:
    real = standins.on_cluster(text, release.namespace, NAME, release.image)
    # the namespace of the reader's context, for commands that name none (kubectl takes the last that it is given)
    env = environment(desk, {"HELM_NAMESPACE": release.namespace})
    return run(block, real, desk, env, PRELUDE + OPTIONAL, seconds=400)


def not_yet_run(block: Block) -> str:
    """The lines that are new, below those that name the release: the diagnosis of many runbooks is the same."""
    lines = block.text.splitlines()
    if any(line.endswith("\\") for line in lines):
        return block.text
    new = [line for line in lines if line not in _LOOKED_AT]
    _LOOKED_AT.update(new)
    return "\n".join([standins.NAMES, *new]) if new else ""


@pytest.fixture
def certificate(release: Release) -> Iterator[None]:
    """One where a release with TLS has its own: the runbook about its end looks at it."""
    made = trustme.CA().issue_cert("haven-redis")
    text = made.cert_chain_pems[0].bytes().decode()
    name = f"{NAME}-redis-tls"
    release.kubectl("create", "secret", "generic", name, f"--from-literal=tls.crt={text}")
    yield
    release.kubectl("delete", "secret", name)


@pytest.mark.usefixtures("certificate")
def test_what_pages_show_to_look_at_a_release_works(release: Release, desk: Path) -> None:
    for block in LOOKS:
        text = not_yet_run(block)
        if text:
            follow(block, text, release, desk)


@pytest.mark.full
@pytest.mark.parametrize("page", sorted({block.page for block in CHANGES}))
def test_what_pages_show_to_change_a_release_works(page: str, release: Release, desk: Path) -> None:
    write_files(page, desk)
    if page == RESTORES:
        release.redis("FLUSHDB")
    for block in CHANGES:
        if block.page == page:
            follow(block, block.text, release, desk)
    release.wait_healthy()
    if page == RESTORES:
        assert release.get("job", "restore-now")["status"]["succeeded"] == 1


@pytest.fixture
def namespaces() -> Iterator[dict[str, str]]:
    """For each that a page names one that is not there yet; whatever was made is removed."""
    made: dict[str, str] = defaultdict(lambda: f"haven-docs-{uuid.uuid4().hex[:6]}")
    yield made
    for name in made.values():
        kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.mark.full
@pytest.mark.parametrize("page", sorted({block.page for block in INSTALLS}))
def test_what_pages_show_to_install_works(page: str, image: str, namespaces: dict[str, str], tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "haven")
    for block in INSTALLS:
        if block.page == page:
            named = standins.placeholder(block.text)
            first, namespace = named not in namespaces, namespaces[named]
            if first and "create namespace" not in block.text:
                kubectl("create", "namespace", namespace)
            text = block.text.replace("k8s/overlays/dev", str(of_ours(tmp_path / named, namespace, image)))
            follow(block, text, Release(namespace, image), desk)


def of_ours(directory: Path, namespace: str, image: str) -> Path:
    """The overlay of a reader who has put in their image and namespace."""
    directory.mkdir(exist_ok=True)
    return overlaid(directory, "dev", namespace, image)
