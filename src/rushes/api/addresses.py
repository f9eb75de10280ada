"""A file fetched from a public web address, and from nowhere else."""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rushes.api.refusals import Refused
from rushes.api.spooling import WRITTEN_AT_ONCE, Incoming, Upload, UploadLimits, refuse_without_room

_LONGEST = 2048  # characters of an address
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 3
_CONNECT_SECONDS = 10.0
_MOST_ADDRESSES = 4  # of one name that are tried
_PIECE_BYTES = 64 << 10
_PLAIN = "%/:@!$&'()*+,;=~-._?"  # letters of a path or a query that stand for themselves
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")  # which the last part of a name never is

# What the IANA keeps for special purposes (registries of IPv4 and IPv6, with multicast), written out: what `ipaddress`
# takes for public differs from one Python to the next.
_SPECIAL = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address within


def _resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Network:
    """How names are resolved and addresses reached.

    Attributes:
        resolve: (name, port) -> every address that it has; raises OSError where it has none.
        connect: (address, port, seconds) -> a connection to that very address; raises OSError.
        ports: that may be named in an address; None stands for the one of its scheme.
    """

    resolve: Callable[[str, int], Sequence[str]] = _resolve
    connect: Callable[[str, int, float], socket.socket] = _connect
    ports: frozenset[int] | None = None


def fetch(url: str, limits: UploadLimits, folder: Path, *, network: Network = Network()) -> Upload:
    """Return the file at a web address, taken in as an upload is; it blocks, so that it is called in a thread.

    Only http and https, without a user's name, on their own ports. Every address that the name has must be public; the
    connection goes to one that was looked at, so that a name which leads elsewhere a moment later gains nothing. Three
    redirects are followed at most, each looked at in the same way, and never from https to http. No proxy is asked, no
    cookie kept. How long a name may take to be resolved is for the system to say.

    Raises:
        Refused: the address is none of these, or is slow or does not answer (422), the file is too large (413), or
            nothing that is taken (415). What is said names no address that a name led to.
    """
    patience = _Patience(limits)
    seen = url
    for _ in range(_MOST_REDIRECTS + 1):
        target = _checked(seen, network)
        with _answer(target, network, patience) as answer:
            if answer.status in _REDIRECTS:
                seen = _redirected(target, answer)
                continue
            if answer.status != HTTPStatus.OK:
                raise _refused(f"the server answered {answer.status}, not with a file. Check the address")
            return _taken_in(answer, limits, folder)
    raise _refused(f"it leads on more than {_MOST_REDIRECTS} times. Give the address of the file itself")


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public network, and not to this machine or one beside it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        if found.ipv4_mapped is not None:
            return False  # nobody writes a public address so
        if found not in _TRANSLATED:
            return found in _GLOBAL_6 and not any(found in network for network in _SPECIAL_6)
        found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return not any(found in network for network in _SPECIAL)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a file is to be fetched from; every one of `addresses` was looked at."""

    url: str
    is_safe: bool
    host: str
    port: int
    named: str  # the server, as it is asked for
    path: str
    addresses: tuple[str, ...]


def _refused(what: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"url: {what}")


def _checked(url: str, network: Network) -> _Target:
    """Return the target of an address, once it and all that its name leads to are allowed."""
    if len(url) > _LONGEST:
        raise _refused(f"it is longer than {_LONGEST:,} characters. Send the file itself")
    if any(letter <= " " or letter in '\\\x7f"<>^`{|}' for letter in url):
        raise _refused("it holds a blank or a letter that no address holds. Write it with %20 and the like")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("it is no web address. Give one such as https://example.com/picture.jpg") from error
    if parts.scheme not in _PORTS:
        raise _refused("it begins with neither https:// nor http://. Give a web address, or send the file itself")
    if "@" in parts.netloc:
        raise _refused("it holds a user's name. Give an address that anyone may read")
    usual = _PORTS[parts.scheme]
    port = usual if port is None else port
    if port not in (network.ports or frozenset((usual,))):
        raise _refused("it names a port that is not allowed. Leave the port out")
    host = _host(parts)
    try:
        addresses = tuple(network.resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise _refused("its server is not known. Check the name") from error
    if not addresses or not all(is_public(address) for address in addresses):
        raise _refused("its server is not on the public network. Send the file itself")
    path = quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    named = (f"[{host}]" if ":" in host else host) + ("" if port == usual else f":{port}")
    return _Target(url, parts.scheme == "https", host, port, named, path, addresses)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:  # in brackets, or urlsplit had refused it
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise _refused("its server is no name and no IP address. Check it") from error
    try:
        name = host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError as error:
        raise _refused("its server is no name. Check it") from error
    if not _HOST.fullmatch(name):
        raise _refused("its server is no name. Check it")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(name))  # refuses 0177.0.0.1, 127.1 and 2130706433
        except ValueError as error:
            raise _refused("its server is a number that is no IP address. Write it as four numbers") from error
    return name


class _Patience:
    """How long is still waited, the more the more has come."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits, self._began = limits, time.monotonic()
        self.received = 0

    def left(self) -> float:
        """Return for how many seconds the next bytes may be waited for.

        Raises:
            TimeoutError: for none.
        """
        left = self._began + self._limits.seconds_of(self.received) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._limits.idle_seconds)


class _Received(io.RawIOBase):
    """What comes over a connection, as long as there is patience."""

    def __init__(self, connection: socket.socket, patience: _Patience) -> None:
        super().__init__()
        self._connection, self._patience = connection, patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._patience.left())
        count = self._connection.recv_into(buffer)
        self._patience.received += count
        return count


class _Line:
    """A connection as `http.client` uses it."""

    def __init__(self, connection: socket.socket, patience: _Patience) -> None:
        self._connection, self._patience = connection, patience
        self.sendall = connection.sendall

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._connection, self._patience), _PIECE_BYTES)

    def close(self) -> None:
        """Leave the connection open: `http.client` closes it once the headers are read, and the file comes behind."""


@contextmanager
def _answer(target: _Target, network: Network, patience: _Patience) -> Iterator[http.client.HTTPResponse]:
    """Give what a server answers."""
    asking = http.client.HTTPConnection(target.host, target.port)
    try:
        with _connected(target, network, patience) as connection:
            asking.sock = cast(Any, _Line(connection, patience))
            asking.putrequest("GET", target.path, skip_host=True, skip_accept_encoding=True)
            asking.putheader("Host", target.named)
            asking.putheader("Accept", "image/*, video/*, application/octet-stream, */*;q=0.1")
            asking.putheader("Accept-Encoding", "identity")
            asking.putheader("User-Agent", "rushes")
            asking.putheader("Connection", "close")
            asking.endheaders()
            answer = asking.getresponse()
            try:
                yield answer
            finally:
                answer.close()
    except TimeoutError as error:
        raise _refused("its server is too slow. Send the file itself") from error
    except ssl.SSLError as error:
        raise _refused("its server does not prove who it is (TLS). Send the file itself") from error
    except (OSError, http.client.HTTPException) as error:
        raise _refused("its server broke off, or does not speak HTTP. Send the file itself") from error


def _connected(target: _Target, network: Network, patience: _Patience) -> socket.socket:
    """Return a connection to the first of the addresses that answers, encrypted where that is asked for."""
    for address in target.addresses[:_MOST_ADDRESSES]:
        with suppress(OSError):
            found = network.connect(address, target.port, min(patience.left(), _CONNECT_SECONDS))
            break
    else:
        raise _refused("its server does not answer. Check the address, or send the file itself")
    if not target.is_safe:
        return found
    try:
        found.settimeout(patience.left())
        return ssl.create_default_context().wrap_socket(found, server_hostname=target.host)
    except BaseException:
        found.close()
        raise


def _redirected(target: _Target, answer: http.client.HTTPResponse) -> str:
    stated = answer.headers.get("Location", "")
    try:
        following = urljoin(target.url, stated) if stated else ""
    except ValueError:
        following = ""
    if not following:
        raise _refused("its server leads on to nowhere. Give the address of the file itself")
    if target.is_safe and not following.lower().startswith("https:"):
        raise _refused("it leads on from https to something less safe. Give the address of the file itself")
    return following


def _taken_in(answer: http.client.HTTPResponse, limits: UploadLimits, folder: Path) -> Upload:
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _refused("its server sends it compressed. Send the file itself")
    stated = answer.length  # None where it ends with the connection, or comes in chunks
    announced = stated or 0
    incoming = Incoming(folder, limits, what="the file at the address")
    try:
        if announced > WRITTEN_AT_ONCE:
            incoming.check_size(announced)
            refuse_without_room(folder, announced)
        received = waiting = 0
        while stated is None or received < stated:
            piece = answer.read1(_PIECE_BYTES)
            if not piece:
                break
            incoming.add(piece, announced=announced)
            received, waiting = received + len(piece), waiting + len(piece)
            if waiting >= WRITTEN_AT_ONCE:
                incoming.write()
                waiting = 0
        if stated is not None and received < stated:
            raise http.client.IncompleteRead(b"", stated - received)
        return incoming.settle()
    except BaseException:
        incoming.drop()
        raise
