"""The least asyncio servers that take mail and drop it: what `bench_server.py` compares with.

`python tests/bench/bare_server.py KIND smtp|lmtp` listens on a free port of 127.0.0.1, prints the
port, and serves until its standard input ends.

Nothing but asyncio is imported, so that malloc is as a bare server finds it.  To a Protocol asyncio
gives each segment in 256 KiB taken for it and cut down; glibc asks the system for so much each
time, until something else in the process has freed as much: 50 us of 80 a message, or none.  A
BufferedProtocol has room of its own and does not depend on that.  So both are measured.
"""

import asyncio
import sys

HOST = "127.0.0.1"


class Bare(asyncio.Protocol):
    """The least that answers smtp-source rightly: lines, and the end of the content."""

    def __init__(self):
        self._rest = b""
        self._in_content = False

    def connection_made(self, transport):
        self._write = transport.write
        self._close = transport.close
        self._write(b"220 bench.example.org\r\n")

    def data_received(self, data):
        data = self._rest + data
        while True:
            if self._in_content:
                end = data.find(b"\r\n.\r\n")
                if end < 0:
                    break
                data = data[end + 5 :]
                self._in_content = False
                self._write(b"250 2.0.0 Saved\r\n")
                continue
            line, found, rest = data.partition(b"\r\n")
            if not found:
                break
            data = rest
            verb = line[:4].upper()
            if verb in {b"EHLO", b"LHLO"}:
                self._write(b"250-bench.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"MAIL":
                self._write(b"250 2.1.0 OK\r\n")
            elif verb == b"RCPT":
                self._write(b"250 2.1.5 OK\r\n")
            elif verb == b"DATA":
                self._in_content = True
                self._write(b"354 Start mail input; end with <CRLF>.<CRLF>\r\n")
            elif verb == b"QUIT":
                self._write(b"221 2.0.0 bench.example.org closing connection\r\n")
                self._close()
            else:
                self._write(b"250 2.0.0 OK\r\n")
        self._rest = data


class Buffered(asyncio.BufferedProtocol, Bare):
    """The same with room of its own for what arrives."""

    def __init__(self):
        super().__init__()
        self._room = memoryview(bytearray(16_384))

    def get_buffer(self, _size_hint):
        return self._room

    def buffer_updated(self, count):
        self.data_received(bytes(self._room[:count]))


KINDS = {"bare Protocol": Bare, "bare, buffered": Buffered}


async def main(kind, _protocol):  # LMTP for one recipient has the same replies
    loop = asyncio.get_running_loop()
    server = await loop.create_server(KINDS[kind], HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
