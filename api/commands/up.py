"""``kakou up``: run an installation until it is told to end."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

CLOSED_MAX = 20
"""Closed devices named at the start; `kakou check` names all."""


def up(
    county: Annotated[Path, typer.Option(help="Folder of the county's files; `kakou check` tells what is wrong.")],
    data: Annotated[Path, typer.Option(help="Folder for store, pictures, outboxes and logs.")] = Path("data"),
    host: Annotated[str, typer.Option(help="Address to listen on; keep it on this machine behind a TLS proxy.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of API and wall.")] = 8080,
    bus: Annotated[str, typer.Option(help="embedded:// or redis://host:port/0")] = "embedded://",
    store: Annotated[str, typer.Option(help="SQLAlchemy URL; default SQLite in the data folder.")] = "",
    cameras: Annotated[int, typer.Option(help="How many street cameras to pull; -1 is all.")] = -1,
    detectors: Annotated[int, typer.Option(min=1, help="Detection processes; about one a core.")] = 2,
    ring_mb: Annotated[int, typer.Option(min=16, help="Memory for the last seconds of all streams (MB).")] = 512,
    recordings: Annotated[
        str, typer.Option(help="Folder of recorded video; default DATA/recordings, `none` records nothing.")
    ] = "",
    record_mb: Annotated[int, typer.Option(min=100, help="Disk for recorded video (MB); the oldest goes first.")] = (
        20 * 1024
    ),
    secrets: Annotated[
        str, typer.Option(help="File of the cameras' passwords, see `kakou secrets`; default DATA/secrets.json.")
    ] = "",
    camera_ca: Annotated[
        Path | None, typer.Option(help="File (PEM) of who signs the cameras' certificates; default the system's.")
    ] = None,
    live_address: Annotated[
        list[str] | None, typer.Option(help="Address of this machine offered for live video; default all. Repeatable.")
    ] = None,
    live_ports: Annotated[str, typer.Option(help="UDP ports for live video, FIRST-LAST; 0-0 takes any.")] = "0-0",
    objects_weights: Annotated[
        Path | None, typer.Option(help="Your own detector's weights, run by ultralytics (kakou[gpu]); default NanoDet.")
    ] = None,
    objects_sha256: Annotated[str, typer.Option(help="SHA-256 of these weights; another file is refused.")] = "",
    objects_device: Annotated[str, typer.Option(help="Where they run: cpu, or cuda:0 for the first GPU.")] = "cpu",
) -> None:
    """Run kakou for a county; prints a one-time link for the first operator and the position feed's token file."""
    from api.access.rights import Role
    from api.access.sessions import create_device_token, create_login
    from api.settings import Settings
    from api.store import open_store
    from api.supervisor import Supervisor
    from api.view.ice import port_range
    from camera_config.errors import ConfigError
    from camera_config.load import load_county
    from camera_config.masks import closed_devices

    try:
        port_range(live_ports)
    except ValueError as error:
        raise ConfigError(f"--live-ports: {error}", hint="For example --live-ports 40000-40100.") from error
    authorities = _authorities(camera_ca) if camera_ca else ""
    console = Console(stderr=True)
    closed = closed_devices(load_county(county), county)
    for device, cause in [*closed.items()][:CLOSED_MAX]:
        console.print(f"closed {device}: {cause}", soft_wrap=True, highlight=False, markup=False)
    if closed:
        number = f"{len(closed)} device{'s' * (len(closed) > 1)}"
        advice = f"{number} closed until the mask is right: kakou check {county}"
        console.print(advice, soft_wrap=True, highlight=False, markup=False)
    if objects_weights is not None:
        from detection.objects_ultralytics import check_weights

        check_weights(objects_weights, objects_sha256)
    settings = Settings(
        county=county.resolve(),
        data=data.resolve(),
        listen_host=host,
        listen_port=port,
        bus=bus,
        store=store,
        cameras=cameras,
        detectors=detectors,
        ring_mb=ring_mb,
        recordings=_absolute(recordings),
        record_mb=record_mb,
        secrets=_absolute(secrets),
        camera_ca=authorities,
        live_addresses=tuple(live_address or ()),
        live_ports=live_ports,
        objects_weights=str(objects_weights.resolve()) if objects_weights else "",
        objects_sha256=objects_sha256,
        objects_device=objects_device,
    )
    data.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(settings)
    supervisor.end_on_signals()
    try:
        with console.status("Starting …"):
            supervisor.start()
            supervisor.watch(until=(supervisor.run_folder.path / "web.port").exists)
        engine = open_store(settings.store_url)
        token_file = data / "units.token"
        if not token_file.exists():
            token_file.touch(mode=0o600)
            token_file.write_text(create_device_token(engine, "units"), encoding="ascii")
        bound = (supervisor.run_folder.path / "web.port").read_text(encoding="ascii")
        for role in (Role.ADMINISTRATOR, Role.OPERATOR, Role.WALL):
            link = f"http://{host}:{bound}/#token={create_login(engine, role)}"
            console.print(f"one-time link, {role.value:13} {link}", soft_wrap=True, highlight=False)
        console.print(f"units report to POST /v1/units/positions with the token in {token_file}", highlight=False)
        supervisor.watch()
    finally:
        supervisor.stop()


def _absolute(path: str) -> str:
    """Return ``path`` so that it means the same in every process; empty and ``none`` stay."""
    return path if path in ("", "none") else str(Path(path).resolve())


def _authorities(path: Path) -> str:
    """Return where the file of authorities is, for every process.

    Raises:
        ConfigError: it cannot be used; found now, it is one message and not one a camera.
    """
    from camera_config.errors import ConfigError, FeedCertificate
    from ingest.tls import context_for

    try:
        context_for(path.resolve(), pinned=False)
    except FeedCertificate as error:
        raise ConfigError(f"--camera-ca: {error}", hint=error.hint) from error
    return str(path.resolve())
