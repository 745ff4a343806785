"""Which addresses a URL of a user's may lead to: public ones alone. Pure.

Whoever may name a URL may try to have us read what only we can reach: our own ports, the network
around us, the notes that a cloud leaves at its own address. So the host is looked up once, every
address that it has must be public, and the connection goes to one of those and to no other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from services.gateway.errors.wording import trim_text
from shared.story.errors import BadInput

Address = IPv4Address | IPv6Address

FIELD = "url"
LONGEST = 2_000
_PORTS = {"http": 80, "https": 443}

# Behind these prefixes lies an IPv4 address, to which a gateway may carry what is sent.
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
_COMPATIBLE = ip_network("::/96")
# What the library counts as public, or did in some of its versions.
_NEVER = tuple(
    map(
        ip_network,
        (
            *("192.88.99.0/24", "192.0.0.0/24", "100.64.0.0/10", "fec0::/10"),
            # public by its number, but to each machine in Azure the cloud's own server
            "168.63.129.16/32",
        ),
    )
)


@dataclass(frozen=True)
class Target:
    """A URL in parts, each of which was looked at."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """Return the host as it is named in the request, with its port where that is not usual."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def read_url(url: str, loopback: bool = False) -> Target:
    """Return the parts of a URL; BadInput for one that we would not fetch from whatever it means.

    `loopback`: this machine may be named, and any port of it: for tests.
    """
    odd = len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(' \\"')
    if odd:
        raise _refuse("write the URL in at most 2,000 plain letters, without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refuse(
            f"{trim_text(url)!r} is no URL: write it like https://film.example/a.mp4"
        ) from error
    if parts.scheme not in _PORTS or not host:
        raise _refuse("give a URL that starts with https:// or http:// and names a host")
    if "@" in parts.netloc:
        raise _refuse("leave the user name and password out of the URL: none is sent")
    if not loopback and port not in {None, *_PORTS.values()}:
        raise _refuse("only the ports 80 and 443 are asked: leave the port out")
    _refuse_odd_host(host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host.rstrip("."), port or _PORTS[parts.scheme], path)


def _refuse_odd_host(host: str) -> None:
    """Refuse an address that is written so that two readers may read two from it."""
    if _is_address(host):
        return  # written in full: it is judged like one that was looked up
    last = host.rstrip(".").rpartition(".")[2]
    # 2130706433, 0x7f.1, 0177.0.0.1 and 127.1: to some readers 127.0.0.1, to others names
    if ":" in host or "%" in host or re.fullmatch(r"(0x[0-9a-f]*|\d+)", last) or not last:
        raise _refuse("write the host as a name, or as an address in its usual form")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # with the name of one of our network cards


def choose_address(addresses: Sequence[str], loopback: bool = False) -> str:
    """Return the address to connect to; BadInput unless all that a host has are public."""
    found = [ip_address(address.partition("%")[0]) for address in addresses]
    if not found:
        raise _refuse("the host is not known: check the URL")
    for address in found:
        if not (is_public(address) or (loopback and address.is_loopback)):
            # not said which: the name of a host inside tells nobody outside where it is
            raise _refuse("the URL leads to an address that is not public: upload the file instead")
    return str(found[0])


def is_public(address: Address) -> bool:
    """Tell whether anybody in the world reaches the same there as we do."""
    if any(address.version == net.version and address in net for net in _NEVER):
        return False
    inner = _find_inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _find_inner(address: Address) -> IPv4Address | None:
    """Return the IPv4 address to which an IPv6 one leads, where it holds one."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _LOCAL_NAT64:
        return IPv4Address(0)  # whose it is, is known in that network alone
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _refuse(message: str) -> BadInput:
    return BadInput(message, FIELD)
