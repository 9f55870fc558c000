"""Dovecot's own redirect through the proxy: by configuration only, with Dovecot's limits."""

from __future__ import annotations

import dataclasses

import pytest

from reply_metadata.transitions import Protocol

USER2 = "user2@example.com"


@pytest.mark.parametrize(("length", "answer"), [(5, "250 2.1.5 OK"), (6, "554 5.4.6")])
def test_redirects_of_dovecot_have_its_limit_of_five(hosts, run, following, length, answer):
    async def scenario():
        async with hosts:
            port = (await hosts.backend("last")).port
            for _ in range(length):
                redirect = f"550 5.2.900 <u@d> u%40d@127.0.0.1:{port} Referral\r\n".encode("ascii")

                def script(line, redirect=redirect):
                    return redirect if line.startswith(b"RCPT") else b"250 OK\r\n"

                first = await hosts.scripted(script)
                port = first.port
            policy = dataclasses.replace(following, dovecot_redirects=True)
            client = await hosts.client(await hosts.proxy(first, referral=policy))
            replies = await client.message(USER2)
            await client.close()
            return replies[0]

    assert run(scenario()).startswith(answer)


def test_a_redirect_of_dovecot_in_a_reply_to_mail_is_none(hosts, run, following):
    redirect = b"550 5.2.900 <u@d> u%40d@127.0.0.1:9 Referral\r\n"

    def script(line):
        return redirect if line.startswith(b"MAIL") else b"250 OK\r\n"

    async def scenario():
        async with hosts:
            host = await hosts.scripted(script)
            policy = dataclasses.replace(following, dovecot_redirects=True)
            client = await hosts.client(await hosts.proxy(host, referral=policy))
            replies = await client.message(USER2)
            await client.close()
            return replies[0], hosts.recording.hops()

    reply, hops = run(scenario())
    assert reply.startswith("550 5.2.900")
    assert len(hops) == 1


def test_redirects_of_dovecot_are_not_read_in_smtp(hosts, run, following):
    redirect = b"550 5.2.900 <u@d> u%40d@127.0.0.1:9 Referral\r\n"

    def script(line):
        return redirect if line.startswith(b"RCPT") else b"250 OK\r\n"

    async def scenario():
        async with hosts:
            host = await hosts.scripted(script)
            policy = dataclasses.replace(following, dovecot_redirects=True)
            port = await hosts.proxy(host, referral=policy, backend_protocol=Protocol.SMTP)
            client = await hosts.client(port)
            replies = await client.message(USER2)
            await client.close()
            return replies[0], hosts.recording.hops()

    reply, hops = run(scenario())
    assert reply.startswith("550 5.2.900")
    assert len(hops) == 1
