"""Errors as problem+json (RFC 9457), without echoing what was sent.

NaN cannot be written as JSON, and a plate or a token has no place in an error (facts/reliability finding 4).
"""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from camera_config.errors import CountyError

log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported type",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
}
MAX_MISTAKES = 20
MAX_PLACE = 120


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """Return one problem; ``detail`` is for a person."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of ``app`` be answered as a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CountyError, _county)
    app.add_exception_handler(Exception, _internal)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    if error.status_code in {204, 304}:
        return Response(status_code=error.status_code, headers=headers)
    return problem(error.status_code, str(error.detail), headers=headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    mistakes = [
        {"where": ".".join(str(part) for part in found["loc"])[:MAX_PLACE], "message": found["msg"]}
        for found in error.errors()[:MAX_MISTAKES]
    ]
    return problem(422, "the request is not valid", errors=mistakes)


async def _county(_: Request, error: Exception) -> Response:
    assert isinstance(error, CountyError)
    log.error("request.failed code=%s: %s", error.code, error)
    return problem(503, "a part of the system is not available", code=error.code)


async def _internal(_: Request, __: Exception) -> Response:
    return problem(500, "this was not foreseen; the log has the details")
