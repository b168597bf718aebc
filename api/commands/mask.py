"""``kakou mask``: see what of a device's picture a mask hides, before anybody relies on it. Changes nothing."""

from pathlib import Path
from typing import Annotated

import typer


def mask(
    device: Annotated[str, typer.Argument(help="The camera's or checkpoint's id.")],
    picture: Annotated[Path, typer.Option(help="A picture of that device, of the whole view.")],
    county: Annotated[Path, typer.Option(help="The county's folder.", exists=True, file_okay=False)],
    out: Annotated[Path | None, typer.Option(help="Where to draw; without it DEVICE-mask.jpg here.")] = None,
) -> None:
    """Check masks/DEVICE.json and draw it on a picture as kakou will show it, with a grid of shares to measure by.

    Without a mask only the grid is drawn, and what to write is said. The drawing shows what is not hidden: delete it.
    """
    import cv2
    from rich.console import Console

    from camera_config.errors import ConfigError
    from camera_config.load import read_county
    from camera_config.masks import FOLDER, MaskFile, mask_path, masked_devices
    from detection.mask_view import draw_mask, picture_of, share_hidden
    from detection.survey import pictures_in

    console = Console(highlight=False, soft_wrap=True, markup=False)
    loaded = read_county(county)[0]
    if loaded is None:
        raise ConfigError(f"{county} has mistakes", hint=f"Run `kakou check {county}` first.")
    if device not in {str(one.id) for one in loaded.cameras} | {str(one.id) for one in loaded.checkpoints}:
        raise ConfigError(f"there is no device {device!r} in {county}", hint="Name a camera's or checkpoint's id.")
    image = next(iter(pictures_in(picture)), None)
    if image is None:
        raise ConfigError(f"{picture} holds no picture", hint="Name a picture of this device, .jpg or .png.")
    path = mask_path(county, device)
    polygons = MaskFile(county, device).read().polygons if path.exists() else ()
    drawn = out or Path(f"{device}-{FOLDER.removesuffix('s')}.jpg")
    view = picture_of(image[1])
    done, jpeg = cv2.imencode(".jpg", draw_mask(view, polygons))
    if not done:
        raise ConfigError(f"{picture} cannot be drawn on", hint="Name another picture.")
    try:
        drawn.write_bytes(jpeg.tobytes())
    except OSError as error:
        raise ConfigError(f"{drawn} cannot be written: {error.strerror}", hint="Name another place by --out.") from None
    if not polygons:
        console.print(f"{drawn}: a grid of shares, no mask. {path} is absent; write for example")
        console.print('{"polygons": [[[0.10, 0.20], [0.35, 0.20], [0.35, 0.60], [0.10, 0.60]]]}')
        raise typer.Exit(1)
    what = "1 polygon hides" if len(polygons) == 1 else f"{len(polygons)} polygons hide"
    hidden = 100 * share_hidden(polygons)
    console.print(f"{drawn}: {what} {hidden:.1f} % of {view.width} x {view.height} pixels")
    if device not in masked_devices(loaded):
        console.print(f"{device} is not masked yet: write masked = true in its row, then `kakou check {county}`")
        raise typer.Exit(1)
