"""What Kubernetes is told fits the product: settings, probes, ports, secrets, openings."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import ValidationError

import services
from services.cli import build_parser
from services.cli.prepare import EVENTS
from services.gateway.edge.hosts import hosts_of
from shared.runtime.keeping import DAY_MS
from shared.runtime.probes import METRICS
from shared.runtime.settings import Settings
from shared.story.events import topic
from tests.deploy.manifests import (
    COMPONENTS,
    OVERLAYS,
    ROOT,
    Object,
    config_of,
    needs_kubectl,
    of_kind,
    overlay,
    pod_of,
    read_raw,
    settings_of,
)
from tools.observe.panels import PROMETHEUS

pytestmark = needs_kubectl

ALL = ("base", *OVERLAYS)
OBSERVABILITY = ROOT / "deploy/observability"
SECRET = {
    *("s3_key", "s3_secret", "kafka_password", "llm_key", "replicate_webhook_secret"),
}
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def deployments(name: str) -> dict[str, Object]:
    return of_kind(overlay(name), "Deployment")


@pytest.mark.parametrize("name", ALL)
def test_every_service_runs_and_is_guarded_from_drains(name: str) -> None:
    assert set(deployments(name)) == set(services.NAMES)
    assert set(of_kind(overlay(name), "PodDisruptionBudget")) == set(services.NAMES)


@pytest.mark.parametrize("service", services.NAMES)
@pytest.mark.parametrize("name", ALL)
def test_a_replica_runs_its_service_confined_and_has_time_to_drain(name: str, service: str) -> None:
    pod = pod_of(deployments(name)[service])
    (container,) = pod["containers"]
    assert build_parser().parse_args(container["args"]).name == service
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = float(config_of(overlay(name))["STORYWAVE_DRAIN_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] >= before + drain + 15


@pytest.mark.parametrize("service", services.NAMES)
@pytest.mark.parametrize("name", ALL)
def test_probes_and_ports_are_those_that_the_process_serves(name: str, service: str) -> None:
    (container,) = pod_of(deployments(name)[service])["containers"]
    elsewhere = {"ca_file": None, "kafka_password": "of the Secret"}
    chosen = Settings(**settings_of(config_of(overlay(name))) | elsewhere)
    assert container["ports"] == [
        {"name": "http", "containerPort": chosen.port},
        {"name": "metrics", "containerPort": chosen.metrics_port},
    ]
    asked = {probe: container[probe]["httpGet"] for probe in PROBES}
    assert asked == {probe: {"path": path, "port": "http"} for probe, path in PROBES.items()}


@pytest.mark.parametrize("service", services.NAMES)
def test_as_many_encodes_at_once_as_there_are_cores(service: str) -> None:
    (container,) = pod_of(deployments("base")[service])["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["STORYWAVE_PROCESSES"] == container["resources"]["limits"]["cpu"]


@pytest.mark.parametrize("service", services.NAMES)
def test_an_encode_that_grows_is_ended_before_the_whole_replica_is(service: str) -> None:
    (container,) = pod_of(deployments("base")[service])["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    limit = container["resources"]["limits"]["memory"].replace("Gi", "*1024").replace("Mi", "*1")
    number, unit = map(int, limit.split("*"))
    encodes = int(environment["STORYWAVE_PROCESSES"]) * int(environment["STORYWAVE_PROCESS_MIB"])
    ours = 256  # the service itself, with room for what it reads at once
    assert encodes + ours <= number * unit


@pytest.mark.parametrize("service", services.NAMES)
def test_replicas_of_a_service_keep_away_from_each_other(service: str) -> None:
    deployment = deployments("base")[service]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    spread = pod_of(deployment)["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    for each in spread:
        assert each["labelSelector"]["matchLabels"].items() <= labels.items()
        assert "app.kubernetes.io/component" in each["matchLabelKeys"]


@pytest.mark.parametrize("name", ALL)
def test_the_config_map_has_settings_that_exist_and_parse_and_no_secret(name: str) -> None:
    given = settings_of(config_of(overlay(name)))
    assert not given.keys() & SECRET
    trusted = given.pop("ca_file", None)
    chosen = Settings(**given | ({"kafka_password": "x"} if "kafka_user" in given else {}))
    assert chosen.mode == "cluster"
    assert not re.search(r"//[^/]*@", chosen.mongo), "a password belongs into the Secret"
    if trusted:
        mounts = [
            mount["mountPath"]
            for deployment in deployments(name).values()
            for container in pod_of(deployment)["containers"]
            for mount in container["volumeMounts"]
            if trusted.startswith(mount["mountPath"] + "/")
        ]
        assert len(mounts) == len(services.NAMES)


@pytest.mark.parametrize("name", ALL)
def test_secrets_are_named_and_never_written_where_work_counts(name: str) -> None:
    objects = overlay(name)
    assert set(of_kind(objects, "Secret")) == ({"storywave"} if name == "dev" else set())
    for workload in (*deployments(name).values(), of_kind(objects, "Job")["prepare"]):
        pod = pod_of(workload)
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert {"secretRef": {"name": "storywave"}} in container["envFrom"]


@pytest.mark.parametrize("name", ALL)
def test_topics_and_indexes_are_prepared_by_commands_of_ours(name: str) -> None:
    pod = pod_of(of_kind(overlay(name), "Job")["prepare"])
    commands = [each["args"] for each in (*pod["initContainers"], *pod["containers"])]
    assert commands == [["topics"], ["indexes"]]
    for words in commands:
        assert build_parser().parse_args(words).run.startswith("services.cli.prepare:")


@pytest.mark.parametrize("name", ALL)
def test_the_gateway_answers_to_the_name_of_its_service(name: str) -> None:
    data = config_of(overlay(name))
    port = of_kind(overlay(name), "Service")["gateway"]["spec"]["ports"][0]
    assert port["targetPort"] == "http"
    public = data.get("STORYWAVE_PUBLIC_URL", "")
    served = hosts_of(Settings(host="0.0.0.0", hosts=data["STORYWAVE_HOSTS"], public_url=public))
    assert all(map(served.serve, ("gateway", "gateway:8000", "10.1.2.3:8000", "localhost")))
    assert not served.serve("evil.example")


# ── who may reach whom ──────────────────────────────────────────────────────────────────────────


def policies(name: str) -> dict[str, Object]:
    found = of_kind(overlay(name), "NetworkPolicy")
    return {each: policy["spec"] for each, policy in found.items()}


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_said_is_closed_in_both_directions(name: str) -> None:
    closed = policies(name)["nothing-else"]
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed
    assert "egress" not in closed
    for deployment in deployments(name).values():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert closed["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", ALL)
def test_the_doors_are_open_at_the_ports_that_are_served(name: str) -> None:
    (front,), (metrics,) = (policies(name)[each]["ingress"] for each in ("front", "metrics"))
    assert front["ports"] == [{"port": "http"}]
    assert metrics["ports"] == [{"port": "metrics"}]
    assert all(opened["from"][0]["namespaceSelector"]["matchLabels"] for opened in (front, metrics))


@pytest.mark.parametrize("name", ALL)
def test_every_server_can_be_reached_and_nothing_more(name: str) -> None:
    data = config_of(overlay(name))
    wanted = {
        *(int(each.rpartition(":")[2]) for each in data["STORYWAVE_KAFKA"].split(",")),
        urlsplit(data["STORYWAVE_MONGO"]).port,
        urlsplit(data["STORYWAVE_S3_ENDPOINT"]).port,
    }
    names, servers = policies(name)["servers"]["egress"]
    assert {each["port"] for each in names["ports"]} == {53}
    # of a cluster's DNS, and not of ours: kustomize adds our labels to each `matchLabels`
    (dns,) = names["to"]
    assert dns["podSelector"] == {
        "matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]
    }
    assert wanted <= {each["port"] for each in servers["ports"]}
    assert {each["port"] for each in servers["ports"]} <= {9092, 9093, 27017, 7070, 4318}
    if name == "dev":
        namespace = of_kind(overlay(name), "Namespace")["storywave-dev"]
        selected = servers["to"][0]["namespaceSelector"]["matchLabels"]
        assert selected.items() <= namespace["metadata"]["labels"].items()


def test_private_addresses_are_no_part_of_the_internet() -> None:
    internet = policies("prod")["internet"]
    (egress,) = internet["egress"]
    assert egress["ports"] == [{"port": 443}, {"port": 80}]
    v4, _ = (each["ipBlock"] for each in egress["to"])
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
    assert private <= set(v4["except"])
    assert "internet" not in policies("dev")
    (named,) = internet["podSelector"]["matchExpressions"]
    assert set(named["values"]) == set(services.NAMES) - {"stitcher"}


# ── the parts around ────────────────────────────────────────────────────────────────────────────


def test_prod_uses_every_component_but_the_one_that_keda_replaces() -> None:
    (kustomization,) = read_raw("overlays/prod/kustomization.yaml")
    used = {each.rpartition("/")[2] for each in kustomization["components"]}
    assert used == set(COMPONENTS) - {"hpa"}


def test_strimzi_makes_every_topic_with_as_many_partitions_as_the_services_would() -> None:
    topics = of_kind(overlay("prod"), "KafkaTopic")
    data = config_of(overlay("prod"))
    assert set(topics) == {f"storywave.{topic(cls)}" for cls in EVENTS}
    for each in topics.values():
        spec = each["spec"]
        assert str(spec["partitions"]) == data["STORYWAVE_KAFKA_PARTITIONS"]
        assert str(spec["replicas"]) == data["STORYWAVE_KAFKA_REPLICATION"]
        assert spec["config"]["min.insync.replicas"] == spec["replicas"] - 1


def test_prometheus_is_led_to_the_port_that_serves_metrics() -> None:
    monitor = of_kind(overlay("prod"), "PodMonitor")["storywave"]["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("metrics", METRICS)
    for deployment in deployments("prod").values():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert monitor["selector"]["matchLabels"].items() <= labels.items()


def test_the_ingress_leads_to_the_gateway_under_the_name_that_it_is_asked_by() -> None:
    ingress = of_kind(overlay("prod"), "Ingress")["gateway"]["spec"]
    (rule,) = ingress["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "gateway", "port": {"name": "http"}}
    assert ingress["tls"][0]["hosts"] == [rule["host"]]
    assert config_of(overlay("prod"))["STORYWAVE_PUBLIC_URL"] == f"https://{rule['host']}"


def test_alerts_and_dashboards_are_those_that_compose_has() -> None:
    (rule,) = of_kind(overlay("prod"), "PrometheusRule").values()
    alerts = yaml.safe_load((OBSERVABILITY / "prometheus/alerts.yml").read_text())
    assert rule["spec"] == alerts
    maps = of_kind(overlay("prod"), "ConfigMap")
    sources = yaml.safe_load(maps["storywave-datasource"]["data"]["storywave.yaml"])
    (source,) = sources["datasources"]
    assert (source["type"], source["uid"]) == ("prometheus", PROMETHEUS.uid)
    for board in (OBSERVABILITY / "grafana/dashboards").glob("*.json"):
        made = maps[f"storywave-{board.stem}"]
        assert made["data"] == {board.name: board.read_text()}
        assert made["metadata"]["labels"]["grafana_dashboard"] == "1"


TOPICS = Path(__file__).parents[2] / "deploy/k8s/components/strimzi/topics.yaml"


def test_tombstones_outlive_the_events_of_every_topic() -> None:
    text = TOPICS.read_text()
    kept = [int(ms) for ms in re.findall(r"retention\.ms: (\d+)", text)]
    # the least that the setting takes, and so whatever is set
    with pytest.raises(ValidationError, match="keep_tombstones_days"):
        Settings(keep_tombstones_days=max(kept) / DAY_MS)
    assert len(kept) > 30 and Settings().keep_tombstones_days * DAY_MS > max(kept)
