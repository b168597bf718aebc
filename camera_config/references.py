"""Do the files agree with each other? Ids, GB/T 28181 codes, addresses, and everything that names something else."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from camera_config.camera_rules import RULES_MAX
from camera_config.county import Ring
from camera_config.draft import COUNTY_FILE, Draft, Found
from camera_config.mistakes import Mistakes
from camera_config.networks import CameraNetworks, literal_address
from camera_config.records import CAMERA_TYPE, CHECKPOINT_TYPE, Record


def check_references(draft: Draft, mistakes: Mistakes) -> None:
    """Note duplicates, names of missing things, and codes of the wrong kind."""
    devices: list[Found[Record]] = [*draft.cameras, *draft.checkpoints]
    _unique(devices, "id", "device", mistakes)
    _unique(devices, "gb_code", "GB/T 28181 code", mistakes)
    for layer, noun in (
        (draft.posts, "post"),
        (draft.units, "unit"),
        (draft.townships, "township"),
        (draft.zones, "zone"),
        (draft.standby, "standby point"),
        (draft.routes, "route"),
        (draft.camera_rules, "rule"),
    ):
        _unique(layer, "id", noun, mistakes)
    _unique(draft.units, "call_sign", "call sign", mistakes)
    _unique(draft.rings, "ring", "outline of ring", mistakes)
    _rings(draft, mistakes)
    layers = draft.layers
    for found in (draft.cameras, draft.checkpoints, draft.units):
        _refer(found, "township", draft.townships, layers.townships, draft, mistakes)
    for points in (draft.standby, draft.routes):
        _refer(points, "zone", draft.zones, layers.zones, draft, mistakes)
    _refer(draft.checkpoints, "post", draft.posts, layers.posts, draft, mistakes)
    _refer(draft.posts, "checkpoint", draft.checkpoints, layers.checkpoints, draft, mistakes)
    _camera_rules(draft, mistakes)
    _codes(draft, mistakes)
    _groups(draft, mistakes)
    _networks(draft, mistakes)


def _unique(found: Iterable[Found[Record]], key: str, noun: str, mistakes: Mistakes) -> None:
    first: dict[str, Found[Record]] = {}
    for item in found:
        value = str(getattr(item.record, key))
        if value in first:
            other = first[value]
            mistakes.add(
                item.file,
                item.line,
                f"duplicate {noun} {value!r}, first in {other.file}:{other.line}",
                "give each its own; numbers are never reused",
            )
        else:
            first[value] = item


def _refer(
    found: Iterable[Found[Record]],
    key: str,
    targets: Sequence[Found[Record]],
    target_file: str,
    draft: Draft,
    mistakes: Mistakes,
) -> None:
    if target_file in draft.unread:
        return
    known = {str(getattr(target.record, "id", "")) for target in targets}
    for item in found:
        name = getattr(item.record, key)
        if name is not None and name not in known:
            mistakes.add(
                item.file, item.line, f"{key} {name!r} does not exist", f"add it to {target_file} or correct it"
            )


def _camera_rules(draft: Draft, mistakes: Mistakes) -> None:
    """A rule is of a street camera, and none has more than can be read beside each other."""
    _refer(draft.camera_rules, "camera", draft.cameras, draft.layers.cameras, draft, mistakes)
    counts: dict[str, int] = {}
    for found in draft.camera_rules:
        camera = found.record.camera
        counts[camera] = counts.get(camera, 0) + 1
        if counts[camera] == RULES_MAX + 1:
            mistakes.add(
                found.file,
                found.line,
                f"camera {camera!r} has more than {RULES_MAX} rules",
                "take some out, or draw one zone where there are several",
            )


def _rings(draft: Draft, mistakes: Mistakes) -> None:
    drawn = {outline.record.ring for outline in draft.rings}
    for ring in Ring:
        if ring not in drawn and draft.layers.rings not in draft.unread:
            mistakes.add(draft.layers.rings, 1, f"ring {ring.value!r} has no outline", "draw it as a Polygon")


def _codes(draft: Draft, mistakes: Mistakes) -> None:
    """A code is 8 digits of place, 2 of industry, 3 of type, 1 of network, 6 of serial number (GB/T 28181 annex D)."""
    county = draft.county.code if draft.county else ""
    for devices, kind, noun in (
        (draft.cameras, CAMERA_TYPE, "camera"),
        (draft.checkpoints, CHECKPOINT_TYPE, "checkpoint"),
    ):
        for device in devices:
            code = device.record.gb_code
            if code[10:13] != kind:
                mistakes.add(
                    device.file,
                    device.line,
                    f"GB/T 28181 code {code!r} has type {code[10:13]}, a {noun} has {kind}",
                    "correct digits 11 to 13",
                )
            if not code.startswith(county):
                mistakes.add(
                    device.file,
                    device.line,
                    f"GB/T 28181 code {code!r} is not of division {county}",
                    "correct the first 6 digits, or code in county.toml",
                )


def _networks(draft: Draft, mistakes: Mistakes) -> None:
    """Judge the addresses that are written as such; a name is judged when it is resolved, by whoever connects."""
    if draft.county is None or draft.toml is None:
        return
    networks = CameraNetworks(draft.county.camera_networks)
    devices: list[Found[Record]] = [*draft.cameras, *draft.checkpoints]
    urls = [(d.file, d.line, key, getattr(d.record, key)) for d in devices for key in ("url", "sub_url")]
    if any(key == "url" and url is None for _, _, key, url in urls):
        urls.append((COUNTY_FILE, draft.toml.line_of(("rtsp_base",)), "rtsp_base", draft.county.rtsp_base))
    for file, line, key, url in urls:
        address = literal_address(urlsplit(url).hostname or "") if url else None
        why = networks.why_refused(address) if address else None
        if why is not None:
            hint = f"correct the address, or add its network to camera_networks in {COUNTY_FILE}"
            mistakes.add(file, line, f"{key}: {why}", hint)


def _groups(draft: Draft, mistakes: Mistakes) -> None:
    first: dict[str, Found[Record]] = {}
    crews: dict[str, tuple[object, object]] = {}
    for post in draft.posts:
        group = post.record.group
        if group is None:
            continue
        mark = (post.record.one_crew, post.record.ring)
        if group in crews and crews[group] != mark:
            mistakes.add(
                post.file,
                post.line,
                f"group {group!r} has another one_crew or ring in {first[group].file}:{first[group].line}",
                "give all posts of a group the same one_crew and ring",
            )
        first.setdefault(group, post)
        crews.setdefault(group, mark)
    linked = {found.record.id: found.record.post for found in draft.checkpoints}
    for post in draft.posts:
        name = post.record.checkpoint
        if name in linked and linked[name] != post.record.id:
            mistakes.add(
                post.file,
                post.line,
                f"post {post.record.id!r} names checkpoint {name!r}, which names post {linked[name]!r}",
                f"make post in {draft.layers.checkpoints} and checkpoint in {draft.layers.posts} agree",
            )
