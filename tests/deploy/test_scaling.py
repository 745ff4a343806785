"""What KEDA is told fits the product, and is what `make bench-scale` follows."""

from typing import Any

import pytest

import services
from benchmarks.scale.readings import WHERE
from benchmarks.scale.rule import Change, read_rule
from benchmarks.scale.run import load_rules, read_request
from shared.base import telemetry
from shared.runtime.settings import Settings
from tests.deploy.manifests import (
    Object,
    config_of,
    needs_kubectl,
    of_kind,
    overlay,
    read_raw,
    render,
)

SCALED = {each["metadata"]["name"]: each for each in read_raw("components/keda/scaled.yaml")}

KNOWN: dict[str, set[str]] = {
    "kafka": {
        *("bootstrapServers", "consumerGroup", "topic", "lagThreshold", "activationLagThreshold"),
        *("offsetResetPolicy", "allowIdleConsumers", "scaleToZeroOnInvalidOffset", "version"),
        *("excludePersistentLag", "limitToPartitionsWithLag", "partitionLimitation", "sasl"),
        *("tls", "ensureEvenDistributionOfPartitions"),
    },
    "prometheus": {
        *("serverAddress", "query", "threshold", "activationThreshold", "namespace"),
        *("customHeaders", "ignoreNullValues", "queryParameters", "unsafeSsl", "timeout"),
    },
    "cpu": {"value", "activationValue", "containerName"},
}
"""The names that each scaler reads. KEDA takes any other, and does nothing with it."""


def triggers_of(scaled: Object) -> dict[str, dict[str, Any]]:
    return {each["type"]: each["metadata"] for each in scaled["spec"]["triggers"]}


def test_every_service_is_scaled_once() -> None:
    assert set(SCALED) == set(services.NAMES)
    for name, scaled in SCALED.items():
        assert scaled["spec"]["scaleTargetRef"] == {"name": name}


@pytest.mark.parametrize("name", services.NAMES)
def test_a_trigger_has_names_that_its_scaler_reads(name: str) -> None:
    for kind, metadata in triggers_of(SCALED[name]).items():
        assert metadata.keys() <= KNOWN[kind]
        assert all(isinstance(value, str) for value in metadata.values())


@pytest.mark.parametrize("name", services.NAMES)
def test_lag_is_that_of_the_group_that_the_service_reads_with(name: str) -> None:
    kafka = triggers_of(SCALED[name])["kafka"]
    assert kafka["consumerGroup"] == Settings().kafka_prefix + name
    assert kafka["offsetResetPolicy"] == "earliest"
    # a partition whose handler takes long looks as if nobody read it
    assert kafka["excludePersistentLag"] == "false"


@pytest.mark.parametrize("name", services.NAMES)
def test_the_backlog_is_of_the_kinds_that_the_service_runs(name: str) -> None:
    rule = read_rule(SCALED[name])
    # what no video waits for needs no replica of its own
    assert rule.kinds == {kind.name for kind in services.load(name).kinds if kind.is_awaited}
    assert rule.states <= WHERE.keys()
    assert bool(rule.kinds) == (rule.backlog is not None)
    if rule.kinds:
        assert {each.name for each in telemetry.OPEN.collect()} == {"storywave_jobs_open"}
        query = triggers_of(SCALED[name])["prometheus"]["query"]
        assert "(storywave_jobs_open{" in query


@pytest.mark.parametrize("name", services.NAMES)
def test_only_who_encodes_may_have_more_replicas_than_there_are_partitions(name: str) -> None:
    partitions = Settings.model_fields["kafka_partitions"].default
    spec = SCALED[name]["spec"]
    # a lone gateway that is moved to another node takes the API with it
    assert spec["minReplicaCount"] == (2 if name == "gateway" else 1)
    assert spec["maxReplicaCount"] == (40 if name == "stitcher" else partitions)


def test_only_services_that_compute_are_scaled_by_their_processor() -> None:
    by_cpu = {name for name, scaled in SCALED.items() if "cpu" in triggers_of(scaled)}
    hpa = list(read_raw("components/hpa/scaled.yaml"))
    assert by_cpu == {each["spec"]["scaleTargetRef"]["name"] for each in hpa}
    assert by_cpu == {"gateway", "stitcher"}
    for each in hpa:
        (metric,) = each["spec"]["metrics"]
        wanted = triggers_of(SCALED[each["metadata"]["name"]])["cpu"]["value"]
        assert str(metric["resource"]["target"]["averageUtilization"]) == wanted


def test_the_benchmark_follows_the_rules_of_the_manifests() -> None:
    at_once = load_rules(haste=1)
    for name, scaled in SCALED.items():
        written = read_rule(scaled)
        used = at_once[name]
        assert (used.lag, used.backlog, used.cpu) == (written.lag, written.backlog, written.cpu)
        assert (used.up, used.down) == (written.up, written.down)
    assert load_rules(haste=5)["chunker"].up == Change(0.0, 100, 3.0)
    assert read_request("gateway") == 0.1


@needs_kubectl
def test_prod_leaves_the_number_of_replicas_to_keda_and_signs_in_to_kafka() -> None:
    objects = overlay("prod")
    assert not any("replicas" in each["spec"] for each in of_kind(objects, "Deployment").values())
    assert not of_kind(objects, "HorizontalPodAutoscaler")
    auth = of_kind(objects, "TriggerAuthentication")["kafka"]["spec"]["secretTargetRef"]
    parameters = {each["parameter"] for each in auth}
    assert {"sasl", "username", "password", "tls", "ca"} == parameters
    for scaled in of_kind(objects, "ScaledObject").values():
        kafka, *others = scaled["spec"]["triggers"]
        assert kafka["metadata"]["bootstrapServers"] == config_of(objects)["STORYWAVE_KAFKA"]
        assert kafka["authenticationRef"] == {"name": "kafka"}
        assert not any("authenticationRef" in each for each in others)


@needs_kubectl
def test_without_keda_the_two_are_scaled_by_kubernetes_alone(tmp_path: Any) -> None:
    base, hpa = (overlay_path(tmp_path, part) for part in ("base", "components/hpa"))
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources: [{base}]\ncomponents: [{hpa}]\n"
    )
    objects = render(tmp_path)
    free = {
        name
        for name, each in of_kind(objects, "Deployment").items()
        if "replicas" not in each["spec"]
    }
    assert free == set(of_kind(objects, "HorizontalPodAutoscaler")) == {"gateway", "stitcher"}


def overlay_path(folder: Any, part: str) -> str:
    """Copy a part of the manifests: kustomize takes relative paths alone."""
    import shutil

    from tests.deploy.manifests import K8S

    shutil.copytree(K8S / part, folder / part)
    return part
