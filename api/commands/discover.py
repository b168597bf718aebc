"""``kakou cameras discover``: which cameras answer, what they send, and which of them the county does not know."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from camera_config.errors import ConfigError

if TYPE_CHECKING:
    from api.discovery.listing import Proposal
    from api.discovery.onvif import FoundCamera
    from camera_config.networks import CameraNetworks

MOST_HOSTS = 1024
LATE_CLOCK_S = 2.0


def discover(
    interface: Annotated[
        str, typer.Option(help="IPv4 address of this machine in the cameras' network; needed where it has several.")
    ] = "",
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="Ask this address or network (up to /22) directly, where multicast does not pass. Repeatable."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="How long to wait for answers.")] = 4.0,
    user: Annotated[str, typer.Option(help="The cameras' user; the password is asked for, or piped in.")] = "",
    county: Annotated[Path | None, typer.Option(help="Say which cameras this county does not have yet.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write what was found as a list (.csv, .xlsx) to complete and import.")
    ] = None,
) -> None:
    """Ask the network for ONVIF cameras and their streams. Changes nothing, on the cameras nor in the county."""
    import asyncio

    from api.commands.secrets import asked_login
    from api.discovery.listing import list_rows, propose
    from api.discovery.onvif import ask_all
    from api.discovery.probe import probe
    from camera_config.list_changes import standing
    from camera_config.networks import CameraNetworks
    from camera_config.sheet import write_sheet

    targets = _targets(host or [])
    _check_interface(interface)
    now = standing(county) if county else None
    login = asked_login(user, confirm=False) if user else None
    console = Console(highlight=False)

    async def look() -> "list[FoundCamera]":
        multicast = not targets or bool(interface)
        return await ask_all(await probe(targets, seconds, interface=interface, multicast=multicast), login)

    try:
        with console.status(f"Listening for {seconds:g} s, then asking each camera …"):
            found = asyncio.run(look())
    except OSError as error:
        raise ConfigError(
            f"the network cannot be asked: {error.strerror}",
            hint="Give --interface one of this machine's own addresses (`ip -4 address` lists them), or name --host.",
        ) from None
    if not found:
        console.print(
            "no camera answered. Is this machine in the cameras' network (--interface)? Where multicast does not pass, "
            "ask addresses directly (--host 10.1.2.0/24). Is ONVIF switched on in the cameras? Many makers ship it off."
        )
        raise typer.Exit(1)
    proposals = propose(found, now.records if now else {})
    _show(console, proposals, CameraNetworks(now.networks) if now else None, known=now is not None)
    if login is None:
        console.print("without --user most cameras tell neither model nor streams")
    if out is None:
        return
    headings, rows = list_rows(proposals)
    try:
        write_sheet(out, headings, rows)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}", hint="Choose another place.") from None
    folder = escape(str(county or "FOLDER"))
    console.print(
        f"{len(rows)} cameras in {escape(str(out))}. Next: complete the rows of new cameras (GB code, place, …), then\n"
        f"  kakou cameras import {escape(str(out))} --county {folder} --keep-others\n"
        "and keep their passwords: kakou secrets set '*' --user NAME",
        soft_wrap=True,
    )


def _targets(hosts: list[str]) -> list[tuple[str, int]]:
    """Return (address, port) for addresses, ADDRESS:PORT and networks, MOST_HOSTS at most."""
    from api.discovery.probe import PORT

    targets: list[tuple[str, int]] = []
    for host in hosts:
        text, _, port = host.partition(":")
        try:
            network = ipaddress.IPv4Network(text, strict=False)
            at = int(port) if port else PORT
        except ValueError:
            raise typer.BadParameter(f"{host!r} is no IPv4 address or network", param_hint="--host") from None
        if network.num_addresses + len(targets) > MOST_HOSTS:
            raise typer.BadParameter(f"{host} is too large: ask /22 or less at a time", param_hint="--host")
        targets += [(str(one), at) for one in (network.hosts() if network.prefixlen < 31 else network)]
    return targets


def _check_interface(interface: str) -> None:
    try:
        ipaddress.IPv4Address(interface or "0.0.0.0")  # noqa: S104 - nothing is bound here
    except ValueError:
        hint = "write one of this machine's IPv4 addresses (`ip -4 address` lists them), not the name of the device"
        raise typer.BadParameter(f"{interface!r}: {hint}", param_hint="--interface") from None


def _show(console: Console, proposals: "list[Proposal]", networks: "CameraNetworks | None", *, known: bool) -> None:
    table = Table("address", "county", box=None, padding=(0, 1))
    for heading in ("id", "model", "main", "sub"):
        table.add_column(heading, no_wrap=True, overflow="fold")
    told: list[str] = []
    for proposal in proposals:
        found = proposal.found
        remarks = list(found.remarks)
        if found.clock_offset_s is not None and abs(found.clock_offset_s) > LATE_CLOCK_S:
            remarks.append(f"its clock is {found.clock_offset_s:+.0f} s off")
        why = networks.why_refused(found.address) if networks else None
        if why:
            remarks.append(why)
        state = "new" if proposal.known is None else "other address" if proposal.changed else "as known"
        main, sub = found.main, found.sub
        table.add_row(
            found.address, state if known else "–", proposal.id, escape(f"{found.maker} {found.model}".strip() or "–"),
            f"{main.width}x{main.height} {main.codec}" if main else "–",
            f"{sub.width}x{sub.height} {sub.codec}" if sub else "–",
        )  # fmt: skip
        told += [f"{found.address}: {remark}" for remark in remarks]
    console.print(table)
    for line in told:
        console.print(line, style="yellow", markup=False, soft_wrap=True)
    new = sum(proposal.known is None for proposal in proposals)
    console.print(f"{len(proposals)} cameras answered" + (f", {new} are new to the county" if known else ""))
