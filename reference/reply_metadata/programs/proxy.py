"""`replymeta proxy`: a proxy that follows referrals, from a configuration file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from reply_metadata.network.proxy import proxy_handlers
from reply_metadata.octets import escaped
from reply_metadata.programs.proxy_file import read_proxy_file
from reply_metadata.programs.serve import serve

NAME: Final = "proxy"
HELP: Final = "take mail by LMTP or SMTP, give it to the hosts behind, and follow their referrals"

_EXAMPLE: Final = """example of a file:
  [proxy]
  listen = "127.0.0.1:2424"
  name = "proxy.example.org"

  [backends]
  "*" = "192.0.2.7:2424"

  [referral]
  follow = true
  trusted_peers = ["192.0.2.0/24"]
  allowed_networks = ["192.0.2.0/24"]
  allowed_ports = ["2424"]

  [tls]
  backends = "required"
  ca_file = "ca.pem"

example:
  replymeta proxy --config proxy.toml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the subcommand."""
    parser.epilog = _EXAMPLE
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="a TOML file")
    parser.add_argument("--check", action="store_true", help="read the file and stop")


def run(arguments: argparse.Namespace) -> int:
    """Be a proxy until a signal comes."""
    try:
        file = read_proxy_file(arguments.config)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"replymeta proxy: {arguments.config}: {escaped(str(error))}\n")
        return 2
    if arguments.check:
        return 0
    handlers = proxy_handlers(file.proxy)
    return serve(file.protocol, file.server, handlers, file.listen, tls=file.tls)
