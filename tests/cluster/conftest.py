"""The cluster that KUBECONFIG names; one release for the tests of faults, a namespace each for the others."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cluster import lab
from tests.cluster.kube import kubectl
from tests.cluster.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _cluster() -> None:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no cluster: KUBECONFIG is not set")
    kubectl("get", "nodes")


@pytest.fixture(scope="session")
def image(_cluster: None) -> str:
    lab.load_bases()
    return lab.build("one")


@pytest.fixture(scope="session")
def newer_image(image: str) -> str:
    """The same under another tag, as a new version would be."""
    return lab.build("two") if lab.directory() else os.environ.get("HAVEN_NEWER_IMAGE", image)


@contextmanager
def _own_namespace() -> Iterator[str]:
    name = f"haven-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace() -> Iterator[str]:
    with _own_namespace() as name:
        yield name


@pytest.fixture(scope="module")
def module_namespace() -> Iterator[str]:
    with _own_namespace() as name:
        yield name


@pytest.fixture(scope="session")
def shared(image: str) -> Iterator[Release]:
    kept = os.environ.get("HAVEN_TEST_NAMESPACE")  # one that is there already, to try a single test again quickly
    if kept:
        yield Release(kept, image)
        return
    with _own_namespace() as name:
        running = Release(name, image)
        running.install()
        yield running


@pytest.fixture
def release(shared: Release) -> Release:
    """Healthy; a test may break what it likes, and mends it."""
    shared.wait_healthy()
    return shared
