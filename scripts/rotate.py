"""Give a release other passwords and keys while it runs: rotate.py --namespace shop --release haven [KEY …].

In three steps, each awaited in every pod: the new value is accepted everywhere, then used, then the former one is
forgotten. Redis, Sentinel and their clients take it as they run; what only reads its key at the start is restarted by a
rollout. Ended halfway, the same command goes on where it was: the Secret says so in an annotation.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import secrets
import string
import subprocess
import sys
import time
from typing import Any, Final

ANNOTATION: Final = "haven/rotation"
LIVE: Final = ("admin", "app", "replica", "sentinel", "guardian", "exporter", "guardian-token")
AT_START: Final = ("secret-key", "task-key")
"""Read when a process starts."""
ELSEWHERE: Final = {
    "postgres": "the try-out database keeps the password of its first start",
    "database-url": "a database has one password a user: make a second user, then change the URL (docs/rotation.md)",
}
STEPS: Final = ("accept", "use", "forget")
LENGTH: Final = 48
PATIENCE: Final = 600.0
"""Seconds for one step. A kubelet brings a changed Secret within two minutes; at once when its pod changes as well."""
LETTERS: Final = string.ascii_letters + string.digits
Object = dict[str, Any]


class Refused(Exception):
    """It can't go on; says why, and what to do."""


def tell(line: str) -> None:
    """Say what is done."""
    print(line, flush=True)  # noqa: T201 - it is for people


def following(value: str, step: str, new: str) -> str:
    """What a key holds after a step; see ``app/passwords.py``.

    Args:
        value: what it holds before.
        step: one of STEPS.
        new: the value that comes with the first step.
    """
    lines = [line for line in value.splitlines() if line]
    match step:
        case "accept":
            kept = [*lines, new]
        case "use":
            kept = [lines[-1], *lines[:-1]]
        case _:
            kept = lines[:1]
    return "".join(f"{line}\n" for line in kept) if len(kept) > 1 else kept[0]


class Cluster:
    """kubectl in one namespace."""

    def __init__(self, namespace: str) -> None:
        self._words = ("kubectl", "--namespace", namespace)

    def run(self, *words: str, text: str | None = None) -> str:
        """Its output.

        Raises:
            Refused: it failed.
        """
        try:
            done = subprocess.run([*self._words, *words], input=text, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            raise Refused("kubectl is not on PATH: install it, and name the cluster in KUBECONFIG") from None
        if done.returncode:
            raise Refused(f"kubectl {' '.join(words[:3])}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def read(self, *words: str) -> Object:
        """Objects, as they are now."""
        found: Object = json.loads(self.run("get", *words, "--output", "json"))
        return found


class Rotation:
    """One Secret's way through the steps.

    Args:
        cluster: where it is.
        release: whose pods mount it.
        name: of the Secret.
    """

    def __init__(self, cluster: Cluster, release: str, name: str) -> None:
        self._cluster = cluster
        self._release = release
        self._name = name

    def run(self, wanted: list[str]) -> None:
        """Go through the steps that are left.

        Args:
            wanted: the keys; empty for all that can be changed.

        Raises:
            Refused: a key can't be changed, or a pod does not follow.
        """
        secret = self._cluster.read("secret", self._name)
        begun = json.loads(secret["metadata"].get("annotations", {}).get(ANNOTATION, "{}"))
        keys = begun.get("keys") or self._keys(secret, wanted)
        if begun and wanted and set(wanted) != set(keys):
            raise Refused(f"{self._name}: a change of {', '.join(keys)} is under way; end it first, by naming no key")
        if begun:
            self._settle(keys, begun["step"])
        for step in STEPS[STEPS.index(begun["step"]) + 1 if begun else 0 :]:
            self._take(keys, step)
            self._settle(keys, step)
        self._patch({"metadata": {"annotations": {ANNOTATION: None}}})
        tell(f"{self._name}: {', '.join(keys)} changed; the former values are worth nothing")

    def _keys(self, secret: Object, wanted: list[str]) -> list[str]:
        known = [key for key in (*LIVE, *AT_START) if key in secret["data"]]
        for key in wanted:
            if key in ELSEWHERE:
                raise Refused(f"{key} is not changed here: {ELSEWHERE[key]}")
            if key not in known:
                raise Refused(f"{self._name} has no key {key!r}: name some of {', '.join(known)}")
        keys = wanted or known
        several = [key for key in keys if len(self._value(secret, key).splitlines()) > 1]
        if several:
            raise Refused(f"{', '.join(several)} in {self._name} has several lines: end that change by hand first")
        return keys

    @staticmethod
    def _value(secret: Object, key: str) -> str:
        return base64.b64decode(secret["data"][key]).decode()

    def _take(self, keys: list[str], step: str) -> None:
        secret = self._cluster.read("secret", self._name)
        new = {key: "".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for key in keys}
        values = {key: following(self._value(secret, key), step, new[key]) for key in keys}
        mark = {"metadata": {"annotations": {ANNOTATION: json.dumps({"step": step, "keys": keys})}}}
        self._patch({"stringData": values, **mark})

    def _patch(self, change: Object) -> None:
        """From standard input, as arguments are seen by everyone on this machine."""
        self._cluster.run("patch", "secret", self._name, "--patch-file", "/dev/stdin", text=json.dumps(change))

    def _settle(self, keys: list[str], step: str) -> None:
        """Wait until every pod has it, Redis and Sentinel know it, and what reads it at the start has started."""
        secret = self._cluster.read("secret", self._name)
        digests = {key: hashlib.sha256(base64.b64decode(secret["data"][key])).hexdigest() for key in keys}
        end = time.monotonic() + PATIENCE
        tell(f"{step}: {', '.join(keys)} …")
        for pod in self._pods():
            if self._files(pod, keys):  # its kubelet then looks at it at once, and at its Secrets
                self._cluster.run("annotate", "pod", pod["metadata"]["name"], f"{ANNOTATION}={step}", "--overwrite")
        while missing := self._missing(digests):
            if time.monotonic() > end:
                raise Refused(f"{step}: not within {PATIENCE:g} s: {missing[0]}. Mend it, and run this again")
            time.sleep(2)
        if set(keys) & set(AT_START):
            self._restart([key for key in keys if key in AT_START])

    def _pods(self) -> list[Object]:
        """Those that run and stay."""
        found = self._cluster.read("pods", "--selector", f"app.kubernetes.io/instance={self._release}")["items"]
        running = [pod for pod in found if pod["status"].get("phase") == "Running"]
        return [pod for pod in running if "deletionTimestamp" not in pod["metadata"]]

    def _files(self, pod: Object, keys: list[str]) -> dict[str, tuple[str, str]]:
        """Where a pod has the keys: container and path."""
        places = {}
        for volume in pod["spec"].get("volumes", []):
            for source in volume.get("projected", {}).get("sources", []):
                if source.get("secret", {}).get("name") == self._name:
                    items = source["secret"].get("items", [])
                    places[volume["name"]] = {item["key"]: item["path"] for item in items if item["key"] in keys}
        found = {}
        sidecars = [each for each in pod["spec"].get("initContainers", []) if each.get("restartPolicy") == "Always"]
        for container in (*sidecars, *pod["spec"]["containers"]):
            for mount in container.get("volumeMounts", []):
                for key, path in places.get(mount["name"], {}).items():
                    found.setdefault(key, (container["name"], f"{mount['mountPath']}/{path}"))
        return found

    def _missing(self, digests: dict[str, str]) -> list[str]:
        """What has not followed yet, a line each."""
        found = []
        for pod in self._pods():
            name = pod["metadata"]["name"]
            files = self._files(pod, list(digests))
            for key, (container, path) in files.items():
                try:
                    seen = self._cluster.run("exec", name, "--container", container, "--", "sha256sum", path).split()[0]
                except Refused as error:  # it may be ending, or starting
                    seen = str(error)
                if seen != digests[key]:
                    found.append(f"{name} has another {key} at {path}")
            if "guardian" in {container for container, _ in files.values()} and not found:
                try:
                    self._cluster.run("exec", name, "--container", "guardian", "--", "haven", "users")
                except Refused as error:
                    found.append(f"{name}: {error}")
        return found

    def _restart(self, keys: list[str]) -> None:
        selector = f"app.kubernetes.io/instance={self._release}"
        for item in self._cluster.read("deployments", "--selector", selector)["items"]:
            if self._files({"spec": item["spec"]["template"]["spec"]}, keys):
                name = f"deployment/{item['metadata']['name']}"
                tell(f"  {name} is restarted")
                self._cluster.run("rollout", "restart", name)
                self._cluster.run("rollout", "status", name, f"--timeout={PATIENCE:g}s")


def main() -> int:
    """Do it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--namespace", required=True, help="of the release")
    parser.add_argument("--release", default="haven", help="its name (haven)")
    parser.add_argument("--secret", help="its Secret; by default <release>-haven-secrets, or haven-secrets for haven")
    parser.add_argument("keys", nargs="*", metavar="KEY", help=f"of {', '.join((*LIVE, *AT_START))}; by default all")
    told = parser.parse_args()
    full = told.release if "haven" in told.release else f"{told.release}-haven"
    try:
        Rotation(Cluster(told.namespace), told.release, told.secret or f"{full}-secrets").run(told.keys)
    except Refused as error:
        print(error, file=sys.stderr)  # noqa: T201 - it is for people
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
