"""Who is let into the web server, put together from the settings, and what this process may hold and leave behind.

The composition root asks once, before anything starts: a file of tokens that cannot be read ends the start.
"""

import resource
from typing import Final

import structlog

from tradeul.access import is_loopback
from tradeul.errors import ConfigurationError
from tradeul.history.token_file import TokenFile
from tradeul.settings import Server
from tradeul.token_commands import token_file
from tradeul.web.gate import Rules

log = structlog.get_logger(__name__)

BESIDE_VIEWERS: Final = 1_024
"""Connections of pages and programs that are no viewers."""
UNPROTECTED: Final = "server.unprotected is set: what is shown and sent can be read and changed by whoever reaches us"
RESERVE: Final = 256
"""Descriptors that no connection gets: files, the database, the vendor, the logs."""


def rules_of(server: Server) -> Rules:
    """What the settings say of who is let in; raises `ConfigurationError` where nobody could be."""
    if server.unprotected and not is_loopback(server.host):
        log.warning("SERVING_UNPROTECTED", host=server.host, tokens=bool(server.tokens_file), reason=UNPROTECTED)
    if server.behind_proxy and not server.trusted_proxies:
        log.warning("proxy_not_trusted", reason="without server.trusted_proxies all its callers count as one address")
    return Rules(
        _holders(server) if server.tokens_file else None,
        server.behind_proxy,
        server.trusted_proxies,
        server.allowed_origins,
        most_connections(server.max_clients),
    )


def _holders(server: Server) -> TokenFile:
    file = token_file(server)
    try:
        file.read()
    except ConfigurationError as error:
        raise ConfigurationError(f"server.tokens_file: {error}") from None
    return file


def keep_no_image() -> None:
    """Have a crash leave no image of the memory, which holds keys, on a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def most_connections(max_clients: int) -> int:
    """Have the process hold as many descriptors as that takes, or as it may, and give what is left for connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_clients + BESIDE_VIEWERS + RESERVE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    available = wanted if soft == resource.RLIM_INFINITY else soft
    return min(max_clients + BESIDE_VIEWERS, max(available - RESERVE, available // 2))
