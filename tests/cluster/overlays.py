"""The overlays of k8s/, put where a test wants them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tests.cluster.lab import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def overlaid(directory: Path, name: str, namespace: str, image: str = "") -> Path:
    """An overlay of k8s/ in another namespace, with another image.

    Args:
        directory: where to write it, outside of the repository, of which `kustomize edit` would change a file.
        name: the overlay.
        namespace: where its objects go.
        image: of the Python parts, name:tag; empty for the overlay's own.
    """
    made: dict[str, Any] = {
        "namespace": namespace,
        "resources": [os.path.relpath(ROOT / "k8s" / "overlays" / name, directory)],
    }
    if image:
        repository, _, tag = image.rpartition(":")
        made["images"] = [{"name": repository, "newTag": tag}]
    (directory / "kustomization.yaml").write_text(json.dumps(made))
    return directory
