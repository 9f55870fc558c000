"""Loops and chains of referrals through the proxy."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from reply_metadata.network.proxy import Backend
from reply_metadata.policy.recipient import Refer

LOOPBACK = ip_network("127.0.0.0/8")
USER1, USER2, USER3 = (f"user{number}@example.com" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("permanent", "answer"), [(False, "451 4.4.6 Referral loop"), (True, "554 5.4.6 Referral loop")]
)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_loop_ends_with_the_code_for_it(hosts, run, permanent, answer, length, free_port):
    async def scenario():
        async with hosts:
            ports = [free_port() for _ in range(length)]
            for number, port in enumerate(ports):
                uri = f"smtp://127.0.0.1:{ports[(number + 1) % length]}/"
                backend = await hosts.backend(
                    f"loop{number}", {USER2: Refer((uri,), permanent)}, port=port
                )
            to = {"*": Backend("127.0.0.1", ports[0])}
            client = await hosts.client(await hosts.proxy(to))
            replies = await client.message(USER2)
            await client.close()
            asked = [hosts.wrote(port).count(f"RCPT TO:<{USER2}>") for port in ports]
            return replies, asked, backend

    replies, asked, _ = run(scenario())
    assert replies[0] == answer
    assert asked == [1] * length


def test_the_proxy_itself_is_part_of_a_loop(hosts, run, free_port):
    async def scenario():
        async with hosts:
            port = free_port()
            to = {"*": Backend("127.0.0.1", port)}
            proxy_port = await hosts.proxy(to)
            uri = f"smtp://127.0.0.1:{proxy_port}/"
            await hosts.backend("backend1", {USER2: Refer((uri,))}, port=port)
            client = await hosts.client(proxy_port)
            replies = await client.message(USER2)
            await client.close()
            return replies, hosts.wrote(port).count(f"RCPT TO:<{USER2}>")

    replies, asked = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert asked == 1


def test_the_proxy_knows_itself_under_another_address(hosts, run):
    async def scenario():
        async with hosts:
            # Says the proxy's own name in its greeting, as the proxy behind an alias would.
            alias = await hosts.backend("proxy")
            backend1 = await hosts.backend("backend1", {USER2: Refer((alias.uri(),))})
            client = await hosts.client(await hosts.proxy(backend1))
            replies = await client.message(USER2)
            await client.close()
            return replies, alias.messages(USER2)

    replies, messages = run(scenario())
    assert replies[0] == "451 4.4.6 Referral loop"
    assert messages == []


@pytest.mark.parametrize(("length", "delivered"), [(3, True), (4, False), (7, False)])
def test_three_referrals_are_followed_and_the_fourth_is_not(hosts, run, length, delivered):
    async def scenario():
        async with hosts:
            backend = await hosts.backend("last")
            last, chain = backend, []
            for number in range(length):
                backend = await hosts.backend(f"b{number}", {USER2: Refer((backend.uri(),))})
                chain.append(backend)
            client = await hosts.client(await hosts.proxy(backend))
            replies = await client.message(USER2)
            await client.close()
            asked = sum(f"RCPT TO:<{USER2}>" in hosts.wrote(one.port) for one in chain)
            return replies, last.messages(USER2), asked

    replies, messages, asked = run(scenario())
    assert len(messages) == delivered
    assert asked == min(length, 4)
    assert replies[0] == ("250 2.1.5 OK" if delivered else "451 4.4.6 Referral loop")
