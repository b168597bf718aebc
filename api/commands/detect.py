"""``kakou detect``: show what would be detected in pictures or videos, without running a county."""

from pathlib import Path
from typing import Annotated

import typer


def detect(
    source: Annotated[Path, typer.Argument(help="A picture, a video, or a folder of them.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the pictures with everything marked.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a picture instead of a line.")] = False,
) -> None:
    """Look for persons, vehicles and plates in SOURCE and print what is found.

    Plates are printed: use it on pictures you may look at. Nothing is stored unless --out is given.
    """
    import json as json_text

    import cv2

    from detection.objects import ObjectFinder
    from detection.plate_find import PlateFinder
    from detection.plate_read import PlateReader
    from detection.survey import draw, pictures_in, survey
    from detection.tools import Tools

    cv2.setNumThreads(1)
    tools = Tools(PlateFinder(), PlateReader(), ObjectFinder())
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for name, image in pictures_in(source):
        found = survey(image, tools)
        if json:
            print(json_text.dumps({"name": name, **found.to_json()}, ensure_ascii=False))
        else:
            labels = [one.label for one in found.objects]
            seen = [f"{labels.count(label)} {label}" for label in sorted(set(labels))]
            plates = [f"{one.read.text} ({one.read.probability:.2f})" for one in found.plates]
            print(f"{name}: {', '.join(seen + plates) or 'nothing'}")
        if out is not None:
            done, jpeg = cv2.imencode(".jpg", draw(image, found))
            if done:
                (out / f"{Path(name).stem if '@' not in name else name}.jpg").write_bytes(jpeg.tobytes())
