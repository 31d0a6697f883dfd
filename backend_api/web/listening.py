"""The socket that the backend listens on, taken before anything else is touched."""

import errno
import ipaddress
import os
import socket

from backend_api.base.port_holder import holder_and_cure
from backend_api.base.process import UsageError

_BACKLOG = 2048


def listen(host: str, port: int, *, is_guarded: bool = False) -> socket.socket:
    """A listening socket on `host`, a name or an address of this computer, and `port` (0: any free one).

    Raises UsageError when the port is taken and, unless callers need a key, for a host that others can reach.
    """
    family, address = _resolve(host, port)
    if not is_guarded and not ipaddress.ip_address(address[0]).is_loopback:
        raise UsageError(
            f"--host {host} would open the events and clips to everybody on the network; use 127.0.0.1, or ask for a "
            "key: set GYM_API_KEY"
        )
    # asyncio turns Nagle's algorithm off for sockets that say they are TCP; with it, answers wait 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restart need not wait until connections of the process before have timed out.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            holder, cure = holder_and_cure(port)
            message = f"{host}:{port} is already in use by {holder}: {cure}, or choose another --port"
        else:
            message = f"can not listen on {host}:{port}: {os.strerror(error.errno or 0)}; choose another --port"
        raise UsageError(message) from error
    return listening


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: no such host; use 127.0.0.1") from error
    # "localhost" may be both; most clients try IPv4.
    family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))
