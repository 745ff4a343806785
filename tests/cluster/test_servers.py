"""The parts of the server scripts that need no server: pid files, ports, settings, downloads."""

import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import config, downloads
from tests.cluster.config import Ports
from tests.cluster.processes import (
    Process,
    alive,
    free_ports,
    identify,
    port_is_free,
    read_pid_file,
    spawn,
    stop,
    wait_until,
    write_pid_file,
)
from tests.cluster.servers import ServerFailed, Servers

PORTS = Ports(
    kafka=21001,
    kafka_controller=21002,
    kafka_behind=21005,
    kafka_proxy=21006,
    mongo=21003,
    s3=21004,
)
OBEDIENT = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)"
)


def python(code: str, log: Path) -> Process:
    process = spawn([sys.executable, "-c", code], os.environ, log)
    assert process is not None
    return process


def test_a_pid_file_names_a_live_process_until_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "it.pid"
    process = python(OBEDIENT, tmp_path / "log")
    write_pid_file(file, process)
    assert read_pid_file(file) == process

    stop(process)
    assert read_pid_file(file) is None
    stop(process)


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_a_stale_pid_file_never_leads_to_a_strangers_process(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    file = tmp_path / "it.pid"
    stranger = python(OBEDIENT, tmp_path / "log")
    stale = replace(stranger, **change)
    write_pid_file(file, stale)
    try:
        assert read_pid_file(file) is None
        stop(stale)
        assert alive(stranger)
    finally:
        stop(stranger, now=True)


@pytest.mark.parametrize("text", ["", "123", "{}", '{"pid": 1}', "not json"])
def test_a_broken_pid_file_counts_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "it.pid"
    file.write_text(text)
    assert read_pid_file(file) is None
    assert read_pid_file(tmp_path / "absent.pid") is None


def test_a_process_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cluster.processes.STOP_GRACE_SECONDS", 0.3)
    log = tmp_path / "log"
    process = python(STUBBORN, log)
    assert wait_until(lambda: "deaf" in log.read_text(), 10)
    stop(process)
    assert not alive(process)


def test_a_zombie_has_ended(tmp_path: Path) -> None:
    process = python(OBEDIENT, tmp_path / "log")
    os.kill(process.pid, signal.SIGKILL)
    # Without waiting for it, so that it is a zombie of ours and its pid is still taken.
    assert wait_until(lambda: identify(process.pid) is None, 10)
    assert Path(f"/proc/{process.pid}").exists()
    assert not alive(process)
    assert not Path(f"/proc/{process.pid}").exists()


def test_free_ports_are_distinct_and_outside_the_range_of_outgoing_connections() -> None:
    ports = free_ports(4)
    assert len(set(ports)) == 4
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports) < first_outgoing


def test_a_listened_port_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not port_is_free(taken.getsockname()[1])


def test_ports_survive_the_file_and_are_chosen_once(tmp_path: Path) -> None:
    assert config.load_ports(PORTS.dump()) == PORTS
    assert Servers(tmp_path).ports() == Servers(tmp_path).ports()


def test_kafkas_settings_name_each_port_and_only_loopback() -> None:
    lines = config.server_properties(PORTS, Path("/data/kafka")).splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert settings["listeners"] == (
        "PLAINTEXT://127.0.0.1:21001,BEHIND://127.0.0.1:21005,CONTROLLER://127.0.0.1:21002"
    )
    assert settings["advertised.listeners"] == (
        "PLAINTEXT://127.0.0.1:21001,BEHIND://127.0.0.1:21006"
    )
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:21002"
    assert settings["log.dirs"] == "/data/kafka"
    assert settings["auto.create.topics.enable"] == "false"


def test_commands_bind_loopback_only() -> None:
    mongo = config.mongo_command(Path("mongod"), PORTS, Path("data"))
    assert mongo[mongo.index("--bind_ip") + 1] == "127.0.0.1"
    assert mongo[mongo.index("--port") + 1] == "21003"
    assert "127.0.0.1:21004" in config.s3_command(Path("versitygw"), PORTS, Path("data"))


def test_a_shell_reads_the_environment_file_back(tmp_path: Path) -> None:
    environment = config.service_environment(PORTS)
    file = tmp_path / "env"
    file.write_text(config.environment_file(environment))
    with os.popen(f". {file}; env") as shell:
        seen = dict(line.split("=", 1) for line in shell.read().splitlines() if "=" in line)
    assert {name: seen[name] for name in environment} == environment
    assert environment["STORYWAVE_MONGO"] == "mongodb://127.0.0.1:21003/?replicaSet=rs0"


def test_a_taken_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "versitygw", lambda: Path("/nowhere/versitygw"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "ports.json").write_text(replace(PORTS, s3=port).dump())
        with pytest.raises(ServerFailed, match=f"s3: port {port} .* is in use .* delete"):
            Servers(tmp_path).restart("s3")


def test_a_server_that_ends_at_once_shows_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = tmp_path / "versitygw"
    refuses.write_text("#!/bin/sh\necho my disk is made of cheese\nexit 3\n")
    refuses.chmod(0o755)
    monkeypatch.setattr(downloads, "versitygw", lambda: refuses)
    with pytest.raises(ServerFailed, match=r"s3 ended (?s:.)* made of cheese"):
        Servers(tmp_path / "data").restart("s3")


def test_down_without_anything_up_does_nothing(tmp_path: Path) -> None:
    Servers(tmp_path / "absent").down(wipe=True)
    assert not (tmp_path / "absent").exists()


def test_a_missing_tool_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWAVE_CLUSTER_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(downloads.DownloadFailed, match=r"needs Java 17 .* 'mvn' is not on"):
        downloads.kafka_jars()


def test_a_failed_download_shows_its_command_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, cache = tmp_path / "tools", tmp_path / "cache"
    tools.mkdir()
    go = tools / "go"
    go.write_text("#!/bin/sh\necho no route to registry >&2\nexit 7\n")
    go.chmod(0o755)
    monkeypatch.setenv("STORYWAVE_CLUSTER_CACHE", str(cache))
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    said = r"failed with 7:\s+go install .*@v1.8.0\s+no route to registry"
    with pytest.raises(downloads.DownloadFailed, match=said):
        downloads.versitygw()
    assert [entry.name for entry in cache.iterdir()] == ["lock"]


def test_what_is_cached_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYWAVE_CLUSTER_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    (tmp_path / f"versitygw-{downloads.VERSITYGW_VERSION}").mkdir()
    assert downloads.versitygw().name == "versitygw"
