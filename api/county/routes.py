"""GET /v1/county and /v1/county/roads.geojson: what the map draws, made once and tagged."""

from fastapi import APIRouter, Request, Response

from api.access.rights import VIEWERS, allow
from api.county.drawn import Body

router = APIRouter(prefix="/v1/county", tags=["county"])


@router.get("", dependencies=[allow(*VIEWERS)], response_class=Response)
async def county(request: Request) -> Response:
    """Return the county without its roads; coordinates are (lat, lon), WGS84."""
    return _answer(request, request.app.state.county_body)


@router.get("/roads.geojson", dependencies=[allow(*VIEWERS)], response_class=Response)
async def roads(request: Request) -> Response:
    """Return the roads as GeoJSON; coordinates are (lon, lat)."""
    return _answer(request, request.app.state.roads_body)


def _answer(request: Request, body: Body) -> Response:
    headers = {"ETag": body.tag, "Vary": "Accept-Encoding", "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == body.tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(body.packed, media_type=body.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(body.plain, media_type=body.media_type, headers=headers)
