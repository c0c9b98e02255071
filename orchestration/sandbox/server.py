"""The sandbox over HTTP: both vendors on one port, the world's clock as the date of every answer.

Routes, bodies and faults meet here; what is answered is decided in ``stripe_api`` and
``salesforce_api``. ``/_faults`` plans what goes wrong, ``/_health`` says which world is served.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote_plus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.sandbox.current import World
from orchestration.sandbox.faults import (
    HANG_SECONDS,
    Fault,
    FaultPlan,
    change_fields,
    parse_fault,
)
from orchestration.sandbox.replies import Reply
from orchestration.sandbox.salesforce_api import SalesforceApi
from orchestration.sandbox.stripe_api import StripeApi


def world_stamp(folder: Path, clock: int | None = None) -> str:
    """What tells one world from another: the hash of its world.json and of the clock it stands at."""
    path = folder / "world.json"
    content = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(
        content + (f"@{clock}".encode() if clock is not None else b"")
    ).hexdigest()


def app(world_dir: Path, *, clock: int | None = None, token_lifetime: float = 7200.0) -> Starlette:
    """The application over one world, ready to serve when this returns. Errors: WorldError."""
    sandbox = _Sandbox(world_dir, clock, token_lifetime)
    return Starlette(
        routes=[
            Route("/salesforce/services/oauth2/token", sandbox.salesforce_login, methods=["POST"]),
            Route("/salesforce/{path:path}", sandbox.salesforce, methods=_METHODS),
            Route("/stripe/{path:path}", sandbox.stripe, methods=_METHODS),
            Route("/_faults", sandbox.faults, methods=["GET", "POST", "DELETE"]),
            Route("/_health", sandbox.health, methods=["GET"]),
        ]
    )


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class _Sandbox:
    """The endpoints of one world and what outlives a request: faults, tokens, last pages."""

    def __init__(self, world_dir: Path, clock: int | None, token_lifetime: float) -> None:
        self._world = World(world_dir, clock)
        self._stamp = world_stamp(world_dir, clock)
        self._stripe = StripeApi(self._world)
        self._salesforce = SalesforceApi(self._world, token_lifetime)
        self._plan = FaultPlan()
        self._last_pages: dict[str, Reply] = {}
        self._repeat: set[str] = set()
        self._date = format_datetime(self._world.now, usegmt=True)

    async def health(self, request: Request) -> Response:
        return JSONResponse({"stamp": self._stamp, "pid": os.getpid(), "clock": self._world.clock})

    async def faults(self, request: Request) -> Response:
        """Plan faults (POST one or a list), show them with counters (GET), forget them (DELETE)."""
        if request.method == "DELETE":
            self._plan.clear()
            self._last_pages.clear()
            self._repeat.clear()
        elif request.method == "POST":
            try:
                raw = json.loads(await request.body())
                self._plan.add(
                    [parse_fault(one) for one in (raw if isinstance(raw, list) else [raw])]
                )
            except ValueError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"faults": self._plan.listing()})

    async def stripe(self, request: Request) -> Response:
        account = self._stripe.account_of(request.headers.get("authorization", ""))
        fault = self._plan.due(_target(request), account)
        if spoilt := await self._before(request, fault):
            return spoilt
        if fault and (fault.http_status or fault.kind == "api_limit"):
            return self._send(self._stripe.error(fault.http_status or 429, request.headers))
        path = request.url.path.removeprefix("/stripe")
        params = request.query_params.multi_items()
        return self._page(self._stripe.reply(request.method, path, params, request.headers), fault)

    async def salesforce_login(self, request: Request) -> Response:
        fault = self._plan.due(_target(request), None)
        if spoilt := await self._before(request, fault):
            return spoilt
        if fault and (fault.http_status or fault.kind == "api_limit"):
            return self._send(self._salesforce.error(fault.http_status or 403))
        form = dict(pair for pair in _form_pairs((await request.body()).decode("utf-8", "replace")))
        base = f"{request.url.scheme}://{request.headers.get('host', '')}/salesforce"
        basic = _basic(request.headers.get("authorization", ""))
        return self._page(self._salesforce.login(form, basic, base), fault)

    async def salesforce(self, request: Request) -> Response:
        fault = self._plan.due(_target(request), None)
        if spoilt := await self._before(request, fault):
            return spoilt
        if fault and (fault.http_status or fault.kind == "api_limit"):
            return self._send(self._salesforce.error(fault.http_status or 403))
        if fault and fault.kind == "expire_token":
            self._salesforce.expire_tokens()
        path = request.url.path.removeprefix("/salesforce")
        params = dict(request.query_params)
        reply = self._salesforce.reply(request.method, path, params, request.headers)
        return self._page(reply, fault)

    async def _before(self, request: Request, fault: Fault | None) -> Response | None:
        """Hang when the fault says so: until the client gives up, or a minute has passed."""
        if fault is None or fault.kind != "timeout":
            return None
        loop = asyncio.get_running_loop()
        end = loop.time() + HANG_SECONDS
        while loop.time() < end and not await request.is_disconnected():
            await asyncio.sleep(0.05)
        return Response("upstream request timeout", status_code=504)

    def _page(self, reply: Reply, fault: Fault | None) -> Response:
        if self._plan.is_empty or reply.status != 200:
            return self._send(reply)
        if reply.series is not None:
            reply = self._maybe_repeated(reply, reply.series, fault)
        if fault and fault.field:
            body = change_fields(reply.body.decode(), fault).encode()
            reply = Reply(reply.status, body, reply.headers)
        if fault and fault.kind == "truncate":
            reply = Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)
        return self._send(reply)

    def _maybe_repeated(self, reply: Reply, series: str, fault: Fault | None) -> Reply:
        """The page before this one when it is to come twice; a first page comes again next."""
        if reply.is_first:
            self._last_pages.pop(series, None)
        last = self._last_pages.get(series)
        is_due = series in self._repeat or (fault is not None and fault.kind == "duplicate_page")
        if is_due and last is not None:
            self._repeat.discard(series)
            return last
        if is_due:
            self._repeat.add(series)
        self._last_pages[series] = reply
        return reply

    def _send(self, reply: Reply) -> Response:
        headers = {"Content-Type": "application/json"} | reply.headers | {"Date": self._date}
        return Response(reply.body, status_code=reply.status, headers=headers)


def _target(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{unquote_plus(query)}" if query else request.url.path


def _form_pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return None
    return name, secret
