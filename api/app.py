"""The web application: routers, errors, limits and headers put together; starts nothing by itself."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

import api.access.routes
import api.alerts.routes
import api.county.routes
import api.devices.routes
import api.drill.routes
import api.live.pages
import api.live.routes
import api.metrics.routes
import api.paper.routes
import api.passages.routes
import api.plan.routes
import api.recordings.routes
import api.rules.routes
import api.view.routes
from api import __version__
from api.access.rights import Role, allow
from api.border import BodyCap, SafeHeaders
from api.county.drawn import county_body, roads_body
from api.problem import add_problem_handlers
from api.services import Services

STATIC = Path(__file__).parent / "static"
NOT_BUILT = "the wall is not built; run make setup\n大屏尚未构建：请运行 make setup\n"

ROUTERS = (
    api.access.routes.router,
    api.county.routes.router,
    api.devices.routes.router,
    api.passages.routes.router,
    api.alerts.routes.router,
    api.rules.routes.router,
    api.plan.routes.router,
    api.paper.routes.router,
    api.drill.routes.router,
    api.recordings.routes.router,
    api.live.routes.router,
    api.live.pages.router,
    api.metrics.routes.router,
    api.view.routes.router,
)


def create_app(services: Services, static: Path = STATIC) -> FastAPI:
    """Return the application; ``services`` must stay open as long as it serves.

    There is no page of interactive documentation: it would load scripts from outside. ``app.openapi()`` gives the
    description that ``web/openapi.json`` holds.
    """
    app = FastAPI(
        title="kakou 卡口",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.county_body = county_body(services.county)
    app.state.roads_body = roads_body(services.county.roads)
    for router in ROUTERS:
        app.include_router(router)
    if (static / "index.html").is_file():
        app.mount("/", StaticFiles(directory=static, html=True), name="wall")
    else:
        app.add_api_route(
            "/",
            _not_built,
            methods=["GET"],
            dependencies=[allow(Role.ANONYMOUS)],
            response_class=PlainTextResponse,
            include_in_schema=False,
        )
    add_problem_handlers(app)
    app.add_middleware(BodyCap)
    app.add_middleware(SafeHeaders)
    return app


def routes(app: FastAPI) -> list[BaseRoute]:
    """Return all routes of ``app``, for the test that compares them with the reviewed list of rights."""
    own = [route for route in app.routes if getattr(route, "path", None) is not None]
    return own + [route for router in ROUTERS for route in router.routes if route not in own]


async def _not_built() -> PlainTextResponse:
    return PlainTextResponse(NOT_BUILT)
