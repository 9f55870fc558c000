"""The options of `replymeta send`, and what they mean together.

Rule 1: referrals, retries and credentials are off until an option turns them on.
Rule 2: options that would do nothing without another one are refused, not ignored.
Rule 3: a password never stands on a command line, where every user of the machine can read it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reply_metadata.credentials import PlainCredentials
from reply_metadata.network.backend import Dialer
from reply_metadata.network.client_tls import TlsMode, client_tls
from reply_metadata.network.recording import Record
from reply_metadata.network.referral_walk import Backend
from reply_metadata.network.sending import SendSettings
from reply_metadata.paths import is_domain
from reply_metadata.policy.referral import Endpoint, ReferralPolicy
from reply_metadata.policy.retry import RetryOnce
from reply_metadata.programs.arguments import (
    argument,
    host_and_port,
    mailbox,
    network,
    ports,
    seconds,
)
from reply_metadata.timeouts import ClientTimeouts
from reply_metadata.transitions import Protocol

MAX_PASSWORD_FILE_OCTETS: Final = 4096


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options."""
    _add_server(parser)
    parser.add_argument(
        "--from", dest="sender", type=argument(mailbox), required=True, metavar="MAILBOX"
    )
    parser.add_argument(
        "--to",
        dest="recipients",
        action="append",
        type=argument(mailbox),
        required=True,
        metavar="MAILBOX",
        help="a recipient; once for each",
    )
    parser.add_argument(
        "files",
        nargs="*",
        default=["-"],
        metavar="FILE",
        help='a message, or a folder of messages; "-", the default: stdin',
    )
    parser.add_argument(
        "--json", action="store_true", help="a line of JSON for each recipient of each message"
    )
    _add_security(parser)
    _add_referral(parser)


def _add_server(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    for option, protocol in (("--lmtp", Protocol.LMTP), ("--smtp", Protocol.SMTP)):
        which.add_argument(
            option,
            type=argument(host_and_port),
            metavar="HOST:PORT",
            help=f"the server, which speaks {protocol.value}",
        )
    parser.add_argument("--name", default="localhost", help="the name in EHLO or LHLO")
    parser.add_argument(
        "--timeout",
        type=argument(seconds),
        default=30.0,
        metavar="SECONDS",
        help="for each reply (default: 30)",
    )


def _add_security(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("TLS and authentication")
    group.add_argument(
        "--tls",
        choices=[mode.value for mode in TlsMode],
        default=TlsMode.OPPORTUNISTIC.value,
        help="required: with a certificate for the host; opportunistic, the default: "
        "where it is offered, with any certificate; off: never",
    )
    group.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="who signs certificates, in PEM"
    )
    group.add_argument("--user", metavar="NAME", help="say AUTH PLAIN; needs --tls required")
    secret = group.add_mutually_exclusive_group()
    secret.add_argument(
        "--password-file", type=Path, metavar="FILE", help="its first line is the password"
    )
    secret.add_argument(
        "--password-env", metavar="VARIABLE", help="the environment variable with the password"
    )


def _add_referral(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "metadata that is acted on", "Nothing of this is on by default."
    )
    group.add_argument(
        "--follow-referrals",
        action="store_true",
        help="follow REFERRAL, from and to where the next options say",
    )
    group.add_argument(
        "--trust-peer",
        action="append",
        default=[],
        type=argument(network),
        metavar="NETWORK",
        help="whose referrals count; with --user, the server's count, too",
    )
    group.add_argument(
        "--allow-network",
        action="append",
        default=[],
        type=argument(network),
        metavar="NETWORK",
        help="where they may lead",
    )
    group.add_argument(
        "--allow-port",
        action="append",
        default=[],
        type=argument(ports),
        metavar="PORT[-PORT]",
        help="to which ports",
    )
    group.add_argument(
        "--retry",
        type=argument(seconds),
        metavar="SECONDS",
        help="when a RETRY-AFTER asks for no more than that, wait and try once more",
    )


def settings_from(
    options: argparse.Namespace, record_for: Callable[[Endpoint], Record]
) -> SendSettings:
    """What the options say.

    Raises:
        ValueError: they do not go together.
        OSError: a file they name cannot be read.
    """
    if not is_domain(options.name):
        raise ValueError(f"{options.name!r} is no host name")
    mode = TlsMode(options.tls)
    if options.ca_file is not None and mode is not TlsMode.REQUIRED:
        raise ValueError("--ca-file checks certificates: it needs --tls required")
    limit: float = options.timeout
    return SendSettings(
        server=Backend(*(options.lmtp or options.smtp)),
        dialer=Dialer(
            options.name,
            Protocol.LMTP if options.lmtp else Protocol.SMTP,
            ClientTimeouts(limit, limit, limit, limit, limit, quit_s=min(limit, 5)),
            record_for,
            tls=client_tls(mode, options.ca_file),
            is_server=False,
        ),
        credentials=_credentials(options, mode),
        referral=_referral(options),
        retry=None if options.retry is None else RetryOnce(options.retry),
    )


def _referral(options: argparse.Namespace) -> ReferralPolicy:
    lists = (options.trust_peer, options.allow_network, options.allow_port)
    if not options.follow_referrals:
        if any(lists):
            raise ValueError(
                "--trust-peer, --allow-network and --allow-port need --follow-referrals"
            )
        return ReferralPolicy()
    if not (options.trust_peer or options.user) or not all(lists[1:]):
        raise ValueError(
            "--follow-referrals needs --trust-peer (or --user), --allow-network and --allow-port"
        )
    return ReferralPolicy(
        follow=True,
        trusted_peers=tuple(options.trust_peer),
        trust_secured_sessions=options.user is not None,
        allowed_networks=tuple(options.allow_network),
        allowed_ports=tuple(options.allow_port),
    )


def _credentials(options: argparse.Namespace, mode: TlsMode) -> PlainCredentials | None:
    file, variable = options.password_file, options.password_env
    if options.user is None:
        if file is not None or variable is not None:
            raise ValueError("a password needs --user")
        return None
    if mode is not TlsMode.REQUIRED:
        raise ValueError(
            "--user needs --tls required: a password goes to a host that proved itself"
        )
    if file is None and variable is None:
        raise ValueError("--user needs --password-file or --password-env")
    if file is not None:
        with open(file, "rb") as opened:
            line = opened.read(MAX_PASSWORD_FILE_OCTETS).split(b"\n")[0].removesuffix(b"\r")
        try:
            password = line.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"the first line of {file} is no UTF-8") from None
    else:
        found = os.environ.get(variable)
        if found is None:
            raise ValueError(f"the environment has no {variable}")
        password = found
    return PlainCredentials(options.user, password)
