"""A vendor of a few lines over real HTTP: tests say what it answers, and read what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse


@dataclass
class Reply:
    """An answer; ``body`` may be text that is no JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[str, dict[str, str]], Reply]


@dataclass
class Vendor:
    """Where the stand-in listens, and every (path, parameters) it was asked for."""

    url: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def answering(answer: Answer, date: str = "Wed, 01 Jul 2026 00:00:00 GMT") -> Iterator[Vendor]:
    """Serve ``answer`` on a port of its own for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parsed = urlparse(self.path)
            params = {name: values[-1] for name, values in parse_qs(parsed.query).items()}
            vendor.asked.append((parsed.path, params))
            reply = answer(parsed.path, params)
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            body = text.encode()
            self.send_response_only(reply.status)
            headers = {"Content-Type": "application/json", "Date": date, **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name http.server asks for

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()


def stripe_list(records: list[dict[str, Any]], params: dict[str, str]) -> dict[str, Any]:
    """One page of a list as Stripe cuts it: newest first, after a cursor, created from a time on."""
    since = int(params.get("created[gte]", 0))
    limit = int(params.get("limit", 10))
    chosen = sorted(
        (record for record in records if record.get("created", 0) >= since),
        key=lambda record: (record.get("created", 0), record["id"]),
        reverse=True,
    )
    after = params.get("starting_after")
    if after:
        ids = [record["id"] for record in chosen]
        chosen = chosen[ids.index(after) + 1 :]
    return {
        "object": "list",
        "url": "/v1/things",
        "has_more": len(chosen) > limit,
        "data": chosen[:limit],
    }
