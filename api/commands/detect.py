"""``kakou detect``: show what would be detected in pictures, videos or a camera's stream, without running a county."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from camera_config.county import Camera, SmartCheckpoint
    from detection.decode import Image
    from detection.objects_view import View

Looked = Iterator[tuple[str, "Image", float]]
"""Name, picture and what its decoding took (ms)."""


class _Device(NamedTuple):
    """A device of a county, and its way of being looked at."""

    one: "Camera | SmartCheckpoint | None"
    view: "View"
    zone: tuple[tuple[float, float], ...]


def detect(
    source: Annotated[
        str, typer.Argument(help="A picture, a video, a folder of them, or rtsp://…; default the camera's own stream.")
    ] = "",
    camera: Annotated[str, typer.Option(help="Look as at this camera or checkpoint of the county.")] = "",
    county: Annotated[Path | None, typer.Option(help="The county's folder.", exists=True, file_okay=False)] = None,
    secrets: Annotated[Path | None, typer.Option(help="File of the cameras' passwords, see `kakou secrets`.")] = None,
    tiled: Annotated[bool, typer.Option("--tiled", help="Look in tiles too, whatever the county says.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="Of a stream: how long.")] = 20.0,
    pictures: Annotated[int, typer.Option(min=1, help="At most so many pictures.")] = 1_000_000,
    out: Annotated[Path | None, typer.Option(help="Folder for the pictures with everything marked.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a picture instead of a line.")] = False,
    objects_weights: Annotated[Path | None, typer.Option(help="Your own detector's weights; see `kakou up`.")] = None,
    objects_sha256: Annotated[str, typer.Option(help="SHA-256 of these weights.")] = "",
    objects_device: Annotated[str, typer.Option(help="Where they run: cpu, or cuda:0.")] = "cpu",
) -> None:
    """Look for persons, vehicles and plates in SOURCE and print what is found: to tune a camera.

    Plates are printed: use it on pictures you may look at. Nothing is stored unless --out is given.
    """
    import json as json_text
    from dataclasses import replace
    from itertools import islice

    import cv2

    from camera_config.errors import ConfigError
    from detection.objects import open_objects
    from detection.plate_find import PlateFinder
    from detection.plate_read import PlateReader
    from detection.survey import survey
    from detection.survey_draw import draw, summary
    from detection.tools import Tools

    if camera and county is None:
        raise ConfigError("--camera needs the county it stands in", hint="Add --county FOLDER.")
    if not source and not camera:
        raise ConfigError("nothing is named to look at", hint="Name a file, a folder, rtsp://…, or --camera ID.")
    cv2.setNumThreads(1)
    device = _device(county, camera)
    view = replace(device.view, tiled=device.view.tiled or tiled)
    tools = Tools(PlateFinder(), PlateReader(), open_objects(objects_weights, objects_sha256, objects_device))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for name, image, decode_ms in islice(_pictures(source, device, county, secrets, seconds), pictures):
        found = survey(image, tools, view, decode_ms=decode_ms)
        if json:
            said = {"name": name, **({"camera": camera} if camera else {}), **found.to_json()}
            print(json_text.dumps(said, ensure_ascii=False), flush=True)
        else:
            print(f"{name}: {summary(found)}", flush=True)
        if out is not None:
            done, jpeg = cv2.imencode(".jpg", draw(image, found, camera or name, device.zone))
            if done:
                (out / f"{Path(name).stem if '@' not in name else name}.jpg").write_bytes(jpeg.tobytes())


def _device(county: Path | None, name: str) -> _Device:
    from camera_config.county import Camera, SmartCheckpoint
    from camera_config.errors import ConfigError
    from camera_config.load import load_county
    from detection.objects_view import View

    if county is None or not name:
        return _Device(None, View(), ())
    loaded = load_county(county)
    devices: list[Camera | SmartCheckpoint] = [*loaded.cameras, *loaded.checkpoints]
    for one in devices:
        if one.id == name:
            return _Device(one, View.of(one), ()) if isinstance(one, Camera) else _Device(one, View(), one.lane_zone)
    raise ConfigError(f"there is no device {name!r} in {county}", hint="Name a camera's or checkpoint's id.")


def _pictures(source: str, device: _Device, county: Path | None, secrets: Path | None, seconds: float) -> Looked:
    """Yield the pictures, what a mask of the device hides hidden."""
    from camera_config.secrets import Secrets
    from detection.mask_view import picture_of
    from detection.masks import Masks, filled
    from detection.survey import pictures_in
    from detection.survey_stream import pictures_of
    from ingest.auth import Credentials

    one = device.one
    masks = Masks(county, [one.id] if one is not None and one.masked else [])
    url = source or (one.sub_url or one.url if one is not None else "")
    if not url.startswith(("rtsp://", "rtsps://")):
        for name, image in pictures_in(Path(source)):
            mask = masks.of(one.id) if one is not None else None
            yield name, filled(picture_of(image), mask.polygons).bgr() if mask else image, 0.0
        return
    kept = Secrets.open(secrets) if secrets is not None else None

    def credentials() -> Credentials | None:
        login = kept.of(one.id) if kept is not None and one is not None else None
        return Credentials(login.user, login.password) if login else None

    def pin() -> str | None:
        return kept.pin_of(one.id) if kept is not None and one is not None else None

    stream = pictures_of(url, seconds=seconds, credentials=credentials, pin=pin)
    for name, picture, decode_ms in stream:
        mask = masks.of(one.id) if one is not None else None
        yield name, (filled(picture, mask.polygons) if mask else picture).bgr(), decode_ms
