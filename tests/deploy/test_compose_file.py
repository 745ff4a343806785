"""What compose is told fits the product: its services, settings, probes, and what they wait for."""

import re

import pytest
import yaml

import services
from services.cli import build_parser
from services.gateway.edge.hosts import hosts_of
from shared.runtime.settings import Settings
from tests.cluster.downloads import KAFKA_VERSION, MONGO_VERSION, VERSITYGW_VERSION
from tests.deploy.manifests import ROOT, compose, settings_of

SERVERS = {"kafka", "mongo", "s3"}
ONCE = {"topics", "indexes"}
OBSERVABILITY = {"prometheus", "grafana", "kafka-exporter"}
TOOLS = {"kafka-ui", "doctor"}
PROGRAMS = (*services.NAMES, *sorted(ONCE), "doctor")

DEFAULT = re.compile(r"\$\{([A-Z_0-9]+):-([^}]*)\}")


def fill(text: str, **given: str) -> str:
    """Return a text as compose fills it in."""
    return DEFAULT.sub(lambda found: given.get(found[1], found[2]), text)


def environment_of(name: str) -> dict[str, str]:
    return {key: fill(value) for key, value in compose["services"][name]["environment"].items()}


def test_without_a_profile_there_are_the_services_their_servers_and_what_prepares_them() -> None:
    profiles = {name: each.get("profiles", []) for name, each in compose["services"].items()}
    by_profile = {
        wanted: {name for name, own in profiles.items() if own == list(wanted)}
        for wanted in ((), ("observability",), ("tools",))
    }
    assert by_profile[()] == set(services.NAMES) | SERVERS | ONCE
    assert by_profile[("observability",)] == OBSERVABILITY
    assert by_profile[("tools",)] == TOOLS


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_command_of_a_container_is_one_of_ours(name: str) -> None:
    given = build_parser().parse_args(compose["services"][name]["command"])
    if name in services.NAMES:
        assert given.name == name


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_is_given_settings_that_exist_and_parse(name: str) -> None:
    given = settings_of(environment_of(name))
    chosen = Settings(**given)
    assert (chosen.mode, chosen.metrics_port, chosen.paid) == ("cluster", 9464, False)
    for address, server in (
        (chosen.kafka, "kafka"),
        (chosen.mongo, "mongo"),
        (chosen.s3_endpoint, "s3"),
    ):
        assert server in re.split(r"[:/]+", address)


def test_every_variable_is_explained_with_the_value_that_counts_without_it() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    read = dict(DEFAULT.findall(text))
    lines = (ROOT / ".env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert told == read
    assert f"image: storywave:{compose['services']['gateway']['image'].split(':')[1]}" in text


def test_the_servers_are_of_versions_that_the_tests_know() -> None:
    images = {name: compose["services"][name]["image"] for name in SERVERS}
    assert images == {
        "kafka": f"apache/kafka:{KAFKA_VERSION}",
        "mongo": f"mongo:{MONGO_VERSION}",
        "s3": f"versity/versitygw:v{VERSITYGW_VERSION}",
    }


def test_every_image_is_pinned() -> None:
    for name, each in compose["services"].items():
        tag = each["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), (name, each["image"])


@pytest.mark.parametrize("name", services.NAMES)
def test_a_service_waits_for_servers_that_are_well_and_prepared(name: str) -> None:
    waits = {on: how["condition"] for on, how in compose["services"][name]["depends_on"].items()}
    assert waits == {
        **dict.fromkeys(SERVERS, "service_healthy"),
        **dict.fromkeys(ONCE, "service_completed_successfully"),
    }
    for server in SERVERS:
        assert "healthcheck" in compose["services"][server]


@pytest.mark.parametrize("name", services.NAMES)
def test_a_service_is_confined_and_has_time_to_drain(name: str) -> None:
    each = compose["services"][name]
    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    drain = Settings.model_fields["drain_seconds"].default
    assert float(each["stop_grace_period"].removesuffix("s")) >= drain + 10


def test_nothing_is_open_to_other_machines() -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_gateway_answers_to_its_own_name_and_to_this_machine() -> None:
    environment = environment_of("gateway")
    served = hosts_of(
        Settings(host=environment["STORYWAVE_HOST"], hosts=environment["STORYWAVE_HOSTS"])
    )
    assert all(map(served.serve, ("gateway", "gateway:8000", "10.1.2.3:8000", "localhost")))
    assert not served.serve("evil.example")


def test_prometheus_asks_every_service_at_the_port_that_serves_metrics() -> None:
    known = yaml.safe_load((ROOT / "deploy/observability/prometheus/prometheus.yml").read_text())
    scrape, kafka = known["scrape_configs"]
    assert kafka["static_configs"] == [{"targets": ["kafka-exporter:9308"]}]
    (names,) = scrape["dns_sd_configs"]
    assert set(names["names"]) == set(services.NAMES)
    port = Settings(**settings_of(environment_of("gateway"))).metrics_port
    assert names["port"] == port


def test_prometheus_keeps_which_video_a_point_in_a_graph_is_of() -> None:
    assert "--enable-feature=exemplar-storage" in compose["services"]["prometheus"]["command"]


def test_what_is_mounted_is_there() -> None:
    for name in OBSERVABILITY:
        for volume in compose["services"][name].get("volumes", ()):
            path = volume.partition(":")[0]
            assert not path.startswith("./") or any((ROOT / path).iterdir())
