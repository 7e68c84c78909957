"""Build a Kustomize overlay: with Kustomize, or where there is none, by a stand-in.

The stand-in knows the part of it that the template uses; any other field of a kustomization is an
error. Where the real one is on PATH, in ``kustomize`` or in ``kubectl``, both must come to the same
(but for the hashes in names), and what the tests look at is what the real one has built.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]

KNOWN = {
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "images",
    "configMapGenerator",
    "secretGenerator",
    "patches",
}
REFERENCES = {
    "ConfigMap": [("configMapRef", "name"), ("configMap", "name"), ("configMapKeyRef", "name")],
    "Secret": [("secretRef", "name"), ("secret", "secretName"), ("secretKeyRef", "name")],
}
"""Where a pod names what a generator made: the field, and the name in it."""


def build(overlay: Path) -> list[Resource]:
    """The resources of an overlay.

    :raises AssertionError: the overlay uses what the stand-in does not know, or knows otherwise.
    """
    expected = stand_in(overlay)
    command = kustomize()
    if command is None:
        return expected
    built = list(yaml.safe_load_all(_output(command, overlay)))
    assert sorted(map(_without_hash, built)) == sorted(map(_without_hash, expected))
    return built


@cache
def kustomize() -> tuple[str, ...] | None:
    """The command that builds an overlay, if there is one of major version 5 or newer."""
    if program := shutil.which("kustomize"):
        return program, "build"
    if program := shutil.which("kubectl"):
        asked = [program, "version", "--client", "--output=json"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
        found = re.search(r'"kustomizeVersion": "v(\d+)', done.stdout)
        if found and int(found[1]) >= 5:
            return program, "kustomize"
    return None


@cache
def _output(command: tuple[str, ...], overlay: Path) -> str:
    done = subprocess.run(
        [*command, overlay], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stand_in(overlay: Path) -> list[Resource]:
    """What Kustomize would build, in the order in which the overlay lists it."""
    resources, generated = _accumulate(overlay)
    made = [_finish(resource) for resource in generated.values()]
    for kind, plain, final in made:
        for resource in resources:
            _rename(resource, kind, plain, final["metadata"]["name"])
    return [*resources, *(final for _, _, final in made)]


def _accumulate(folder: Path) -> tuple[list[Resource], dict[tuple[str, str], Resource]]:
    """The resources of a folder and of those it builds on; and those still without their hash."""
    spec = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    unknown = set(spec) - KNOWN
    assert not unknown, f"fields this cannot stand in for: {unknown}"
    resources: list[Resource] = []
    generated: dict[tuple[str, str], Resource] = {}
    for name in spec.get("resources", ()):
        path = folder / name
        if path.is_dir():
            below, made = _accumulate(path)
            resources += below
            generated |= made
        else:
            resources += [r for r in yaml.safe_load_all(path.read_text("utf-8")) if r]
    for kind in ("ConfigMap", "Secret"):
        for entry in spec.get(f"{kind[0].lower()}{kind[1:]}Generator", ()):
            _generate(folder, kind, entry, generated)
    for patch in spec.get("patches", ()):
        _patch(resources, patch)
    for resource in [*resources, *generated.values()]:
        if "namespace" in spec:
            resource["metadata"]["namespace"] = spec["namespace"]
        for image in spec.get("images", ()):
            _set_image(resource, image)
    return resources, generated


def _generate(
    folder: Path, kind: str, entry: dict[str, Any], generated: dict[tuple[str, str], Resource]
) -> None:
    assert set(entry) <= {"name", "behavior", "literals", "files"}, entry
    data = dict(literal.split("=", 1) for literal in entry.get("literals", ()))
    for path in entry.get("files", ()):
        data[Path(path).name] = (folder / path).read_text("utf-8")
    key = (kind, entry["name"])
    if entry.get("behavior") == "merge":
        generated[key]["data"] |= data
        return
    assert key not in generated, f"{key} is generated twice"
    generated[key] = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": entry["name"]},
        "data": data,
    }


def _finish(resource: Resource) -> tuple[str, str, Resource]:
    """Kind, plain name, and the resource with the hash of its content in its name."""
    final = copy.deepcopy(resource)
    kind, plain = final["kind"], final["metadata"]["name"]
    digest = hashlib.sha256(json.dumps(final["data"], sort_keys=True).encode()).hexdigest()
    final["metadata"]["name"] = f"{plain}-{digest[:10]}"
    if kind == "Secret":
        final["type"] = "Opaque"
        final["data"] = {
            key: base64.b64encode(text.encode()).decode() for key, text in final["data"].items()
        }
    return kind, plain, final


def _rename(node: Any, kind: str, plain: str, final: str) -> None:
    for field, name in REFERENCES[kind]:
        for found in every(node, field):
            if isinstance(found, dict) and found.get(name) == plain:
                found[name] = final


def every(node: Any, field: str) -> Iterator[Any]:
    """What stands under a field, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == field:
                yield value
            yield from every(value, field)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, field)


def _set_image(resource: Resource, image: dict[str, str]) -> None:
    for containers in (*every(resource, "containers"), *every(resource, "initContainers")):
        for container in containers:
            if container["image"].partition(":")[0] == image["name"]:
                name = image.get("newName", image["name"])
                container["image"] = f"{name}:{image['newTag']}"


def _patch(resources: list[Resource], patch: dict[str, Any]) -> None:
    target = patch["target"]
    matching = [
        resource
        for resource in resources
        if resource["kind"] == target["kind"] and resource["metadata"]["name"] == target["name"]
    ]
    assert matching, f"a patch of nothing: {target}"
    for operation in yaml.safe_load(patch["patch"]):
        *way, last = operation["path"].lstrip("/").split("/")
        for resource in matching:
            node: Any = resource
            for step in way:
                node = node[int(step)] if isinstance(node, list) else node[step]
            assert operation["op"] in ("add", "replace"), operation
            assert operation["op"] == "add" or last in node, f"replaces nothing: {operation}"
            node[last] = operation["value"]


def _without_hash(resource: Resource) -> str:
    return re.sub(
        r'"(settings|app)-[a-z0-9]{10}"', r'"\1-hash"', json.dumps(resource, sort_keys=True)
    )
