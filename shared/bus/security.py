"""How Kafka is spoken to: over TLS or in the open, signed in or not."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.story.errors import BadInput

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]

_SIGN_IN = {"SCRAM-SHA-512": SASLScram512, "SCRAM-SHA-256": SASLScram256, "PLAIN": SASLPlaintext}


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to Kafka."""

    user: str
    password: str
    mechanism: Mechanism = "SCRAM-SHA-512"

    def __repr__(self) -> str:
        return f"Login({self.user!r}, {self.mechanism})"  # a password gets into no log


def make_security(
    *, tls: bool = False, login: Login | None = None, ca_file: Path | None = None
) -> BaseSecurity | None:
    """Return what FastStream is to be told; None where all is in the open."""
    context = trust(ca_file) if tls else None
    if login is not None:
        sign_in: Any = _SIGN_IN[login.mechanism]
        made: BaseSecurity = sign_in(login.user, login.password, ssl_context=context, use_ssl=tls)
        return made
    return BaseSecurity(ssl_context=context) if context else None


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return whose certificates are believed: those of a file, or those that the system trusts."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:  # an error of the library names no file
        raise BadInput(
            f"no certificates can be read from {ca_file} ({error.strerror or error}): name a file "
            "of certificates in PEM",
            "ca_file",
        ) from error


def client_options(security: BaseSecurity | None) -> dict[str, Any]:
    """Return the same for a client of aiokafka's own."""
    return parse_security(security)
