"""What compose and Kubernetes are told fits the product: its services, settings and probes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import services
from services.gateway.edge.hosts import hosts_of
from shared.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy/k8s/base"
SERVERS = {"kafka", "mongo", "s3"}
CONNECTIONS = {"mode", "hosts", "kafka", "mongo", "s3_endpoint", "s3_bucket"}
SECRETS = {"s3_key", "s3_secret"}

compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
kustomization: dict[str, Any] = yaml.safe_load((BASE / "kustomization.yaml").read_text())
objects: list[dict[str, Any]] = [
    document
    for file in kustomization["resources"]
    for document in yaml.safe_load_all((BASE / file).read_text())
]


TOKEN = "REPLICATE_API_TOKEN"
"""The one variable that is not ours: the provider's client reads it."""


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in objects if item["kind"] == kind}


def settings_of(environment: dict[str, str]) -> set[str]:
    prefix = Settings.model_config["env_prefix"]
    environment = {name: value for name, value in environment.items() if name != TOKEN}
    assert all(name.startswith(prefix) for name in environment)
    return {name.removeprefix(prefix).lower() for name in environment}


def test_every_manifest_is_in_the_kustomization() -> None:
    files = {file.name for file in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(kustomization["resources"])


def test_kubernetes_runs_every_service_and_guards_each_from_drains() -> None:
    assert set(of_kind("Deployment")) == set(services.NAMES)
    assert set(of_kind("PodDisruptionBudget")) == set(services.NAMES)


def test_compose_runs_every_service_and_the_three_servers() -> None:
    assert set(compose["services"]) == set(services.NAMES) | SERVERS
    for name in services.NAMES:
        assert compose["services"][name]["command"] == ["service", name]


@pytest.mark.parametrize("name", services.NAMES)
def test_compose_gives_a_service_settings_that_exist(name: str) -> None:
    given = settings_of(compose["services"][name]["environment"])
    assert given == CONNECTIONS | SECRETS | {"paid"}
    assert given <= set(Settings.model_fields)


def test_the_config_map_has_settings_that_exist_and_parse() -> None:
    data = of_kind("ConfigMap")["storywave"]["data"]
    given = settings_of(data)
    assert CONNECTIONS <= given <= set(Settings.model_fields)
    assert not given & SECRETS
    values = {name.removeprefix("STORYWAVE_").lower(): value for name, value in data.items()}
    assert Settings(**values).mode == "cluster"


def test_the_gateway_answers_to_the_name_of_its_service() -> None:
    data = of_kind("ConfigMap")["storywave"]["data"]
    environment = compose["services"]["gateway"]["environment"]
    assert "gateway" in of_kind("Service")
    for hosts in (data["STORYWAVE_HOSTS"], environment["STORYWAVE_HOSTS"]):
        served = hosts_of(Settings(host="0.0.0.0", hosts=hosts))
        assert all(map(served.serve, ("gateway", "gateway:8000", "10.1.2.3:8000", "localhost")))
        assert not served.serve("evil.example")


@pytest.mark.parametrize("name", services.NAMES)
def test_a_replica_is_confined_and_has_time_to_drain(name: str) -> None:
    pod = of_kind("Deployment")[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["service", name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    drain = float(of_kind("ConfigMap")["storywave"]["data"]["STORYWAVE_DRAIN_SECONDS"])
    before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert pod["terminationGracePeriodSeconds"] >= before + drain + 10


@pytest.mark.parametrize("name", services.NAMES)
def test_probes_ask_what_the_process_answers(name: str) -> None:
    (container,) = of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port == {"name": "http", "containerPort": Settings.model_fields["port"].default}
    asked = {probe: container[probe]["httpGet"]["path"] for probe in PROBES}
    assert asked == PROBES


PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


@pytest.mark.parametrize("name", services.NAMES)
def test_as_many_encodes_at_once_as_there_are_cores(name: str) -> None:
    (container,) = of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["STORYWAVE_PROCESSES"] == container["resources"]["limits"]["cpu"]
