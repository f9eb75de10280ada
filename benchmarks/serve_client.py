"""Clients of `serve_load`, in a process of their own: each sends one picture after the other over one connection.

Run as `python -m benchmarks.serve_client PORT CLIENTS SECONDS PICTURE…`; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path


def request_of(picture: bytes, port: int) -> bytes:
    """Return a whole request that sends a picture as a form."""
    mark = b"b" * 24
    body = (
        b"--" + mark + b'\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + picture + b"\r\n--" + mark + b"--\r\n"
    )
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: multipart/form-data; "
        f"boundary={mark.decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def client(port: int, requests: list[bytes], end: float, seconds: list[float], errors: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    turn = 0
    while time.perf_counter() < end:
        begun = time.perf_counter()
        writer.write(requests[turn % len(requests)])
        turn += 1
        status = int((await reader.readline()).split()[1])
        length = 0
        while (line := await reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = await reader.readexactly(length)
        seconds.append(time.perf_counter() - begun)
        if status != 200 or b"predicted_class" not in body:
            errors.append(f"{status} {body[:200]!r}")
    writer.close()


async def main(port: int, count: int, length: float, pictures: list[bytes]) -> None:
    requests = [request_of(picture, port) for picture in pictures]
    seconds: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()
    turned = [requests[at % len(requests) :] + requests[: at % len(requests)] for at in range(count)]
    clients = (client(port, mine, begun + length, seconds, errors) for mine in turned)
    failed = [one for one in await asyncio.gather(*clients, return_exceptions=True) if one is not None]
    took = time.perf_counter() - begun
    errors += [repr(one) for one in failed]
    seconds.sort()
    print(
        json.dumps(
            {
                "rate": len(seconds) / took,
                "p50_ms": 1000 * seconds[len(seconds) // 2] if seconds else None,
                "p99_ms": 1000 * seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))] if seconds else None,
                "errors": len(errors),
                "first_error": errors[0] if errors else "",
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), [Path(p).read_bytes() for p in sys.argv[4:]])
    )
