"""Settings of TLS and of signing in: what they make, and what is refused with advice."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import pytest
from faststream.kafka.security import parse_security

from services.cli.contradictions import find_contradictions
from services.cli.environment import read_settings
from shared.runtime.compose import secure_kafka
from shared.runtime.settings import Settings
from shared.story.errors import BadInput


def test_without_settings_kafka_is_spoken_to_in_the_open() -> None:
    assert secure_kafka(Settings()) is None


@pytest.mark.parametrize(
    ("known", "protocol", "mechanism"),
    [
        ({"kafka_tls": True}, "SSL", None),
        ({"kafka_user": "u", "kafka_password": "p"}, "SASL_PLAINTEXT", "SCRAM-SHA-512"),
        (
            {"kafka_tls": True, "kafka_user": "u", "kafka_password": "p", "kafka_sasl": "PLAIN"},
            "SASL_SSL",
            "PLAIN",
        ),
    ],
)
def test_kafka_is_told_how_it_is_spoken_to(
    known: Mapping[str, object], protocol: str, mechanism: str | None
) -> None:
    told = parse_security(secure_kafka(Settings(**known)))  # type: ignore[arg-type]
    assert (told["security_protocol"], told.get("sasl_mechanism")) == (protocol, mechanism)
    assert (told["ssl_context"] is not None) == ("SSL" in protocol.split("_"))


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({"KAFKA_USER": "u"}, "STORYWAVE_KAFKA_PASSWORD: give the password"),
        ({"KAFKA_SASL": "PLAIN"}, "STORYWAVE_KAFKA_SASL: PLAIN would send the password readable"),
        ({"CA_FILE": "/nowhere/ca.pem"}, "STORYWAVE_CA_FILE: /nowhere/ca.pem is no file"),
        ({"METRICS_PORT": "70000"}, "STORYWAVE_METRICS_PORT"),
    ],
)
def test_a_mistake_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], advice: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"STORYWAVE_{name}", value)
    with pytest.raises(BadInput) as refused:
        read_settings(Namespace())
    assert advice in str(refused.value)


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(BadInput, match=f"no certificates can be read from {file}"):
        secure_kafka(Settings(kafka_tls=True, ca_file=file))


def test_certificates_without_tls_are_a_contradiction(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("")
    idle = Settings(mode="cluster", ca_file=file)
    assert any("CA_FILE has no effect" in each.said for each in find_contradictions(idle, {}))
    used = Settings(mode="cluster", ca_file=file, s3_endpoint="https://s3:7070")
    assert not any("CA_FILE" in each.said for each in find_contradictions(used, {}))


def test_a_password_is_not_shown_with_the_settings() -> None:
    assert "hidden" not in repr(Settings(kafka_user="u", kafka_password="hidden"))
