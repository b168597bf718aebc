"""The plan on a map: GeoJSON for other programs, and a picture to print, in colours that still differ in grey."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from api.paper.chart import (
    GAP_MM,
    PAPER_MM,
    SIDE_MM,
    TOP_MM,
    Frame,
    diamond,
    disc,
    frames,
    heading,
    scale_and_north,
    square,
    triangle,
)
from api.paper.picture import Lines, Panel, Picture, Words
from api.paper.sheet import BANNERS
from api.paper.situation import PostShown, Situation, Staffing, UnitSeen
from api.paper.terms import clock, local
from api.paper.ways import Way, pair

MARKS = {
    Staffing.IN_TIME: ("#0a6b2d", disc, "● 按时到岗"),
    Staffing.LATE: ("#b35900", triangle, "▲ 赶不上"),
    Staffing.NOBODY: ("#a30000", square, "■ 没有足够单元"),
}
WAY, UNIT = "#1d4f91", "#1d4f91"


def plan_geojson(situation: Situation, found: Mapping[str, Way]) -> dict[str, Any]:
    """Return posts, rings, units, ways and leaks (RFC 7946); ``kakou`` says of when it is and how long it holds."""
    ordered = {order.unit: order for order in situation.answer.joint.plan}
    features = []
    for area in situation.county.rings:
        outline = [[pair(point) for point in area.outline]]
        features.append(feature("Polygon", outline, kind="ring", ring=area.ring.value, deadline_s=area.deadline_s))
    for shown in situation.posts():
        post = shown.post
        about = {"ring": post.ring.value, "road": post.road, "need": post.need_units, "deadline_s": post.deadline_s}
        state = {
            "staffing": shown.staffing.value,
            "units": [o.unit for o in shown.orders],
            "staffed_s": shown.staffed_s,
        }
        features.append(
            feature("Point", pair(post.position), kind="post", id=post.id, name=post.name, **about, **state)
        )
    for unit in situation.units:
        if unit.position is not None:
            order = ordered.get(unit.id)
            known = {"age_s": unit.age_s, "trust": unit.trust, "post": None if order is None else order.post}
            features.append(
                feature("Point", pair(unit.position), kind="unit", id=unit.id, call_sign=unit.call_sign, **known)
            )
    for name, way in sorted(found.items()):
        order = ordered[name]
        line = [[lon, lat] for lat, lon in way]
        times = {"drive_s": order.drive_s, "staffed_s": order.staffed_s}
        features.append(feature("LineString", line, kind="way", unit=name, post=order.post, **times))
    features += [
        feature("Point", [leak.lon, leak.lat], kind="leak", ring=leak.ring, road=leak.road)
        for leak in situation.answer.leaks
    ]
    return {"type": "FeatureCollection", "kakou": about_answer(situation), "features": features}


def about_answer(situation: Situation) -> dict[str, Any]:
    """Return what every map says of the answer that it shows."""
    answer = situation.answer
    return {
        "county": situation.county.name,
        "version": situation.version,
        "digest": answer.digest,
        "state": answer.state,
        "whole": situation.whole,
        "replayed": situation.replayed,
        "computed_at": answer.computed_at,
        "valid_until": situation.valid_until,
        "origin": situation.origin.value,
        "invented": situation.county.invented,
    }


def feature(shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    """Return one feature of GeoJSON."""
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}


def plan_picture(situation: Situation, found: Mapping[str, Way]) -> Picture:
    """Return the plan on A3: the county, the town larger, and all posts by number."""
    posts = situation.posts()
    panels = frames(situation.county)
    for frame in panels:
        ways = frame.lines([np.array(way) for _, way in sorted(found.items())])
        frame.panel.items.append(Lines(ways, "#ffffff", 1.1))
        frame.panel.items.append(Lines(ways, WAY, 0.6, dash=None if situation.whole else (1.6, 1.2)))
        _units(frame, situation, panels)
        for number, shown in enumerate(posts, 1):
            _post(frame, number, shown, panels)
        for leak in situation.answer.leaks:
            x, y = frame.lines([np.array([[leak.lat, leak.lon]])])[0][0]
            cross = [np.array([[x - 2, y - 2], [x + 2, y + 2]]), np.array([[x - 2, y + 2], [x + 2, y - 2]])]
            frame.panel.items.append(Lines(cross, "#a30000", 0.9))
        scale_and_north(frame)
    kind = "派警图" if situation.whole else "推演图（不是命令）"
    lead = "旧方案的复核" if situation.replayed else BANNERS[situation.answer.state][0]
    title = f"{situation.county.name} 封控{kind} · {lead}"
    top = heading(title, situation.marks, facts(situation))
    return Picture(*PAPER_MM, title, [top, *(frame.panel for frame in panels), _list(situation, posts)])


def facts(situation: Situation) -> tuple[str, str]:
    """Return two lines that say of when the answer is, and which."""
    answer, offset = situation.answer, situation.county.utc_offset_s
    when = f"计算 {local(answer.computed_at, offset)} · 有效至 {local(situation.valid_until, offset)}"
    return f"{when} · 版本 kakou {situation.version}", f"摘要 {answer.digest}"


def _small(frame: Frame, panels: tuple[Frame, Frame], x: float, y: float, at: Any) -> bool:
    """Tell whether a place is drawn small here, for the town's panel shows it large."""
    return frame is panels[0] and panels[1].shows(*panels[1].place(at)) and frame.shows(x, y)


def _post(frame: Frame, number: int, shown: PostShown, panels: tuple[Frame, Frame]) -> None:
    x, y = frame.place(shown.post.position)
    colour, shape, _ = MARKS[shown.staffing]
    small = _small(frame, panels, x, y, shown.post.position)
    frame.panel.items.append(Lines([shape(x, y, 1.0 if small else 3.0)], "#ffffff", 0.3, fill=colour))
    if not small:
        frame.panel.items.append(Words(x, y + 1.3, str(number), 3.2, "#ffffff", "middle"))


def _units(frame: Frame, situation: Situation, panels: tuple[Frame, Frame]) -> None:
    ordered = {order.unit for order in situation.answer.joint.plan}
    taken: list[tuple[float, float, float, float]] = []
    shown = []
    for unit in sorted(situation.units, key=lambda u: (u.id not in ordered, u.id)):
        if unit.position is None:
            continue
        x, y = frame.place(unit.position)
        if frame.shows(x, y):
            shown.append((unit, x, y, _small(frame, panels, x, y, unit.position)))
    # Those with an order lie on top, and are lettered first.
    for unit, x, y, small in reversed(shown):
        fill = UNIT if unit.id in ordered else "#ffffff"
        frame.panel.items.append(Lines([diamond(x, y, 0.7 if small else 1.5)], "#000000", 0.25, fill=fill))
    for unit, x, y, small in shown:
        if not small:
            _sign(frame, unit, x, y, taken)


def _sign(frame: Frame, unit: UnitSeen, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> None:
    """Letter a unit beside its mark where there is room; the list has every order."""
    text = unit.call_sign if unit.trust == "fresh" else f"{unit.call_sign}?"
    wide = 2.6 * sum(1.0 if ord(char) > 255 else 0.6 for char in text)
    for left, low in ((x + 2, y + 1), (x - 2 - wide, y + 1), (x - wide / 2, y - 2), (x - wide / 2, y + 4.4)):
        box = (left, low - 2.6, left + wide, low + 0.4)
        if all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in taken):
            taken.append(box)
            frame.panel.items.append(Words(left, low, text, 2.6, halo=True))
            return


def _list(situation: Situation, posts: list[PostShown]) -> Panel:
    x = PAPER_MM[0] - SIDE_MM - GAP_MM
    panel = Panel(x, TOP_MM, SIDE_MM, PAPER_MM[1] - TOP_MM - GAP_MM)
    y = TOP_MM + 4
    for staffing, (colour, shape, words) in MARKS.items():
        panel.items.append(Lines([shape(x + 3, y - 1, 1.8)], "#ffffff", 0.2, fill=colour))
        panel.items.append(Words(x + 7, y, f"{words[2:]} {sum(p.staffing is staffing for p in posts)} 个", 3.3))
        y += 5
    way = [np.array([[x, y - 1], [x + 6, y - 1]])]
    panel.items.append(Lines(way, WAY, 0.6, dash=None if situation.whole else (1.6, 1.2)))
    panel.items.append(Words(x + 7, y, "派出单元的行车路线", 3.3))
    signs = [(UNIT, "◆ 派出的单元"), ("#ffffff", "◇ 其余单元（? 位置不可用）")]
    for fill, words in signs:
        y += 5
        panel.items.append(Lines([diamond(x + 3, y - 1, 1.6)], "#000000", 0.25, fill=fill))
        panel.items.append(Words(x + 7, y, words[2:], 3.3))
    y += 5
    panel.items.append(Words(x, y, "✕ 缺口；虚线：县城圈（短划）、县界圈（长划）", 3.3))
    names = {unit.id: unit.call_sign for unit in situation.units}
    step = min(8.4, (TOP_MM + panel.height - y - 4) / max(1, len(posts)))
    for number, shown in enumerate(posts, 1):
        y += step
        colour, shape, words = MARKS[shown.staffing]
        size = min(3.3, step * 0.42)
        panel.items.append(Lines([shape(x + 3, y - 1, 2.2)], "#ffffff", 0.2, fill=colour))
        panel.items.append(Words(x + 3, y, str(number), 2.6, "#ffffff", "middle"))
        units = "、".join(names.get(order.unit, order.unit) for order in shown.orders) or words[2:]
        when = "" if shown.staffed_s is None else f"T+{clock(shown.staffed_s)} / {clock(shown.post.deadline_s)}"
        panel.items.append(Words(x + 7, y - step * 0.16, shown.post.name, size))
        panel.items.append(Words(x + SIDE_MM - 1, y - step * 0.16, when, size, anchor="end"))
        panel.items.append(Words(x + 7, y + step * 0.3, units, size * 0.9, "#333333"))
    return panel
