"""No dump of this process's memory, which holds pictures as the camera sent them."""

from contextlib import suppress


def forbid_core_dumps() -> None:
    """See to it that no crash writes this process's memory down.

    A limit of 1 byte, and not of 0: Linux leaves out the dump to a file for both, and for 1 alone also the one that
    goes to a program, such as systemd-coredump (fs/coredump.c).
    """
    try:
        import resource  # not on Windows, which writes none unless it is told to
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if most == resource.RLIM_INFINITY else min(1, most)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
