"""Every file that is written for Prometheus and Grafana."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import services
from tools.observe.boards import BOARDS
from tools.observe.panels import LOKI, PROMETHEUS, write_board
from tools.observe.rules import HEAD, write_rules

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "observability"
DASHBOARDS = FOLDER / "grafana" / "dashboards"
MONITORING = ROOT / "deploy" / "k8s" / "components" / "monitoring"

SCRAPE_SECONDS = 15
METRICS_PORT = 9464
"""Of every process in docker-compose.yml."""
KAFKA_EXPORTER = {
    "job_name": "kafka",
    "static_configs": [{"targets": ["kafka-exporter:9308"]}],
}
"""In docker-compose.yml: it tells the lag of a service of which no replica runs."""


def build_files() -> dict[Path, str]:
    """Return every file with what should be in it."""
    provisioning = FOLDER / "grafana" / "provisioning"
    return {
        **{DASHBOARDS / f"{board.name}.json": write_board(board) for board in BOARDS},
        provisioning / "dashboards" / "storywave.yaml": HEAD + _dump(_describe_provider()),
        provisioning / "datasources" / "storywave.yaml": HEAD + _dump(_describe_sources()),
        FOLDER / "prometheus" / "prometheus.yml": HEAD
        + _dump(describe_scrapes([*_find_by_name(), KAFKA_EXPORTER])),
        FOLDER / "prometheus" / "alerts.yml": write_rules(),
        DASHBOARDS / "kustomization.yaml": HEAD + _dump(_describe_maps()),
        MONITORING / "rules.yaml": HEAD + _dump(_describe_rule_object()),
    }


def describe_scrapes(targets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the settings of a Prometheus that asks these processes.

    The label `component` is the name of the service: dashboards tell processes apart by it.
    """
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
        },
        "rule_files": ["alerts.yml"],
        "scrape_configs": [{"job_name": "storywave", **target} for target in targets],
    }


def _find_by_name() -> Sequence[Mapping[str, Any]]:
    """Return all replicas of all services, which a name stands for each, as in docker compose."""
    relabel = {"source_labels": ["__meta_dns_name"], "target_label": "component"}
    names = {"names": list(services.NAMES), "type": "A", "port": METRICS_PORT}
    return [{"dns_sd_configs": [names], "relabel_configs": [relabel]}]


def _describe_provider() -> Mapping[str, Any]:
    provider = {
        "name": "storywave",
        "folder": "Storywave",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/dashboards"},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _describe_sources() -> Mapping[str, Any]:
    prometheus = {
        "name": "Prometheus",
        "type": "prometheus",
        "uid": PROMETHEUS.uid,
        "url": "http://prometheus:9090",
        "isDefault": True,
        "jsonData": {"timeInterval": f"{SCRAPE_SECONDS}s", "httpMethod": "POST"},
    }
    loki = {"name": "Loki", "type": "loki", "uid": LOKI.uid, "url": "http://loki:3100"}
    return {"apiVersion": 1, "datasources": [prometheus, loki]}


def _describe_maps() -> Mapping[str, Any]:
    """Return what makes a ConfigMap of each dashboard; Grafana finds them by their label."""
    labels = {"labels": {"grafana_dashboard": "1"}, "disableNameSuffixHash": True}
    maps = [
        {"name": f"storywave-{board.name}", "files": [f"{board.name}.json"]} for board in BOARDS
    ]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "configMapGenerator": [{**each, "options": labels} for each in maps],
    }


def _describe_rule_object() -> Mapping[str, Any]:
    """Return the alerts as the Prometheus operator reads them."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "storywave"},
        "spec": yaml.safe_load(write_rules()),
    }


def list_expressions(folder: Path = DASHBOARDS) -> list[tuple[str, str, str]]:
    """Return board, panel and expression of every question to Prometheus, as the JSON has them."""
    return [
        (file.stem, panel["title"], target["expr"])
        for file in sorted(folder.glob("*.json"))
        for panel in json.loads(file.read_text())["panels"]
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == "prometheus"
    ]


def fill(expr: str, seconds: int = 4 * SCRAPE_SECONDS) -> str:
    """Return an expression as Grafana sends it: with rates over four scrapes."""
    return expr.replace("$__rate_interval", f"{seconds}s")


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
