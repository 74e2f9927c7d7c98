"""Write what k8s/ takes from the chart; needs helm. Usage: k8s_base.py

A directory of k8s/ with a values.yaml holds what the chart makes of these values: the base all of it, one file a
component of the application; a component only what differs from the base, as further objects (resources.yaml) and as
strategic merge patches (patches.yaml). Each kustomization.yaml is written by hand.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

Object = dict[str, Any]

ROOT: Final = Path(__file__).parents[1]
BASE: Final = ROOT / "k8s" / "base"
COMPONENTS: Final = ROOT / "k8s" / "components"
HEADER: Final = "# Written by `make k8s` from charts/haven and the values.yaml here: change these.\n"
# The oldest that the chart takes; helm's own idea of a cluster depends on how it was built.
KUBERNETES: Final = "1.30.0"
COMPONENT: Final = "app.kubernetes.io/component"
HELM_LABELS: Final = ("helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version")
# Lists that a strategic merge patch merges, and what it knows their entries by.
KEYS: Final = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
}


class RenderError(Exception):
    """The chart can't be rendered; says why."""


def render(*values: Path) -> list[Object]:
    """What the chart makes of values, as kustomize wants it.

    Args:
        values: files of values; the later ones win.

    Raises:
        RenderError: helm is not there, or refuses.
    """
    options = [option for path in values for option in ("--values", str(path))]
    command = ["helm", "template", "haven", str(ROOT / "charts" / "haven"), "--kube-version", KUBERNETES, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - as typed here
    except FileNotFoundError:
        raise RenderError("helm is not on PATH: install it, k8s/ is written from the chart") from None
    if done.returncode != 0:
        raise RenderError(f"helm refuses {', '.join(map(str, values))}: {done.stderr.strip()}")
    return [plain(each) for each in yaml.safe_load_all(done.stdout) if each and not is_helms(each)]


def is_helms(found: Object) -> bool:
    """Whether only Helm knows when to make it: a hook, or what is there for `helm test`."""
    metadata = found["metadata"]
    return "helm.sh/hook" in metadata.get("annotations", {}) or metadata["labels"].get(COMPONENT) == "test"


def plain(found: Object) -> Object:
    """The same without what is Helm's, and without what kustomize keeps true by itself."""
    found["metadata"].pop("namespace", None)
    for name in HELM_LABELS:
        found["metadata"]["labels"].pop(name, None)
    pod = found.get("spec", {}).get("template")
    if pod:
        # a ConfigMap's name holds the hash of what is in it
        pod["metadata"].get("annotations", {}).pop("checksum/config", None)
        for container in pod["spec"]["containers"]:
            # `replicas` of an overlay does not reach it; it only warns of SQLite, which is not used here
            if "env" in container:
                container["env"] = [each for each in container["env"] if each["name"] != "HAVEN_REPLICAS"]
    return found


def identity(found: Object) -> tuple[str, str]:
    """What an object is known by."""
    return found["kind"], found["metadata"]["name"]


def base_files(objects: Iterable[Object]) -> dict[str, str]:
    """The base: a file for each component of the application, and those that Redis reads its configuration from."""
    parts: dict[str, list[Object]] = {}
    files: dict[str, str] = {}
    for each in objects:
        if each["kind"] == "ConfigMap":
            files |= each["data"]
        else:
            part = each["metadata"]["labels"].get(COMPONENT) or each["kind"].lower()
            parts.setdefault(part, []).append(each)
    return files | {f"{part}.yaml": dump(made) for part, made in parts.items()}


def component_files(base: Iterable[Object], objects: Iterable[Object]) -> dict[str, str]:
    """A component: further objects, and how those of the base change. Those that go, its kustomization names.

    What further ConfigMaps hold becomes files, from which its kustomization makes them.
    """
    old = {identity(each): each for each in base}
    new = {identity(each): each for each in objects}
    added = [each for key, each in new.items() if key not in old]
    texts = {name: text for each in added if each["kind"] == "ConfigMap" for name, text in each["data"].items()}
    added = [each for each in added if each["kind"] != "ConfigMap"]
    patches = [patch(old[key], each) for key, each in new.items() if key in old and old[key] != each]
    return texts | {name: dump(made) for name, made in (("resources.yaml", added), ("patches.yaml", patches)) if made}


def patch(old: Object, new: Object) -> Object:
    """The strategic merge patch that makes the new object of the old one."""
    changed = difference(old, new)
    named = {"name": old["metadata"]["name"], **changed.pop("metadata", {})}
    return {"apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": named, **changed}


def difference(old: Object, new: Object) -> Object:
    """The same for a map within it."""
    found: Object = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before == value:
            continue
        if isinstance(value, dict) and isinstance(before, dict):
            found[key] = difference(before, value)
        elif key in KEYS and before:
            found[key] = entries(before, value, KEYS[key])
        else:
            found[key] = value
    return found


def entries(old: list[Object], new: list[Object], key: str) -> list[Object]:
    """The same for a list whose entries are known by a key."""
    before = {each[key]: each for each in old}
    after = {each[key] for each in new}
    changed = [
        {key: each[key], **difference(before.get(each[key], {}), each)} for each in new if before.get(each[key]) != each
    ]
    return [*changed, *({key: name, "$patch": "delete"} for name in before if name not in after)]


class Dumper(yaml.SafeDumper):
    """Texts of several lines as they are; lists indented as everywhere here."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002
        """As it was, but never without an indent."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Each object stands for itself."""
        return True


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def dump(objects: Iterable[Object]) -> str:
    """As a file."""
    return HEADER + yaml.dump_all(objects, Dumper=Dumper, sort_keys=False, width=10_000, explicit_start=True)


def pages() -> dict[Path, str]:
    """The generated files with what they should hold.

    Raises:
        RenderError: the chart can't be rendered.
    """
    values = BASE / "values.yaml"
    base = render(values)
    found = {BASE / name: text for name, text in base_files(base).items()}
    for own in sorted(COMPONENTS.glob("*/values.yaml")):
        files = component_files(base, render(values, own))
        found |= {own.parent / name: text for name, text in files.items()}
    return found


def stale(found: dict[Path, str]) -> list[Path]:
    """Files that were generated, and would not be any more."""
    directories = [BASE, *COMPONENTS.iterdir()]
    there = [path for directory in directories for path in sorted(directory.glob("*.yaml"))]
    return [path for path in there if path not in found and path.read_text(encoding="utf-8").startswith(HEADER)]


def main() -> None:
    """Write the files."""
    try:
        found = pages()
    except RenderError as error:
        sys.exit(str(error))
    for path, text in found.items():
        path.write_text(text, encoding="utf-8")
    for path in stale(found):
        path.unlink()


if __name__ == "__main__":
    main()
