"""The manifests as a cluster would be given them, and compose's file."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy/k8s"
OVERLAYS = ("dev", "prod")
COMPONENTS = sorted(path.parent.name for path in K8S.glob("components/*/kustomization.yaml"))
TOKEN = "REPLICATE_API_TOKEN"
"""The one variable that is not ours: the provider's client reads it."""

needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl puts the manifests together: install it"
)

Object = dict[str, Any]

compose: Object = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@cache
def render(folder: Path) -> Sequence[Object]:
    """Return all objects of an overlay."""
    made = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return [each for each in yaml.safe_load_all(made.stdout) if each]


def overlay(name: str) -> Sequence[Object]:
    return render(K8S / "base" if name == "base" else K8S / "overlays" / name)


def of_kind(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def read_raw(path: str) -> Iterator[Object]:
    """Yield the objects of one file as it stands."""
    yield from yaml.safe_load_all((K8S / path).read_text())


def pod_of(workload: Object) -> Object:
    pod: Object = workload["spec"]["template"]["spec"]
    return pod


def config_of(objects: Sequence[Object]) -> dict[str, str]:
    data: dict[str, str] = of_kind(objects, "ConfigMap")["storywave"]["data"]
    return data


def settings_of(environment: dict[str, str]) -> dict[str, Any]:
    """Return the settings in an environment, by the names that they have in the code."""
    prefix = Settings.model_config["env_prefix"]
    ours = {name: value for name, value in environment.items() if name != TOKEN}
    assert all(name.startswith(prefix) for name in ours), ours
    found = {name.removeprefix(prefix).lower(): value for name, value in ours.items()}
    assert found.keys() <= Settings.model_fields.keys()
    return found
