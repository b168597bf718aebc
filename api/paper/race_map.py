"""The race on a map: where he can be, the exits that he may have passed, and his way to each."""

from collections.abc import Mapping, Sequence

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
from api.paper.terms import clock, clock_down, local
from api.plan.race import ExitOut, RaceOut
from camera_config.county import County, Position
from lockdown.race import Reach

MARKS = {
    "may_have_passed": ("#a30000", square, "可能已过"),
    "unknown": ("#b35900", triangle, "不明：无人确保到岗"),
    "cannot_pass": ("#0a6b2d", disc, "来不及过"),
}
REACH = ("#404040", "#8c8c8c", "#b8a0c8")
"""By time from now: the darker and wider, the sooner."""

WIDTHS = (1.5, 1.1, 0.8)
AWAY = "#a30000"


def race_picture(
    county: County, answer: RaceOut, areas: Mapping[int, Reach], version: str, marks: Sequence[str]
) -> Picture:
    """Return the race on A3; ``areas`` by seconds from now."""
    panels = frames(county)
    for frame in panels:
        items = frame.panel.items
        for place, (_, area) in reversed(list(enumerate(sorted(areas.items())))):
            items.append(Lines(frame.lines(area.lines), REACH[place % 3], WIDTHS[place % 3]))
        ways = [np.array(exit_.path) for exit_ in answer.exits if exit_.verdict == "may_have_passed" and exit_.path]
        items.append(Lines(frame.lines(ways), "#ffffff", 1.3))
        items.append(Lines(frame.lines(ways), AWAY, 0.7, dash=(2.4, 1.0)))
        for number, exit_ in enumerate(answer.exits, 1):
            _exit(frame, number, exit_, panels)
        x, y = frame.place(Position(answer.seen[0], answer.seen[1]))
        items.append(Lines([diamond(x, y, 3.0)], "#000000", 0.9, fill="#ffffff"))
        items.append(Words(x + 4, y + 1.5, f"目击 {clock(answer.seen_ago_s)} 前", 3.6, halo=True))
        scale_and_north(frame)
    passed, open_ = (sum(e.verdict == word for e in answer.exits) for word in ("may_have_passed", "unknown"))
    title = f"{county.name} 逃逸赛跑 · ■ 可能已过 {passed} 个出口 · ▲ 不明 {open_} 个"
    when = f"计算 {local(answer.computed_at, county.utc_offset_s)} · 自现在下令 · 版本 kakou {version}"
    top = heading(title, marks, (when, f"摘要 {answer.digest}"))
    return Picture(*PAPER_MM, title, [top, *(frame.panel for frame in panels), _list(answer, areas)])


def _exit(frame: Frame, number: int, exit_: ExitOut, panels: tuple[Frame, Frame]) -> None:
    at = Position(exit_.lat, exit_.lon)
    x, y = frame.place(at)
    small = frame is panels[0] and panels[1].shows(*panels[1].place(at))
    colour, shape, _ = MARKS[exit_.verdict]
    frame.panel.items.append(Lines([shape(x, y, 1.0 if small else 3.0)], "#ffffff", 0.3, fill=colour))
    if not small:
        frame.panel.items.append(Words(x, y + 1.3, str(number), 3.2, "#ffffff", "middle"))


def _list(answer: RaceOut, areas: Mapping[int, Reach]) -> Panel:
    x, y = PAPER_MM[0] - SIDE_MM - GAP_MM, TOP_MM + 4
    panel = Panel(x, TOP_MM, SIDE_MM, PAPER_MM[1] - TOP_MM - GAP_MM)
    for verdict, (colour, shape, words) in MARKS.items():
        panel.items.append(Lines([shape(x + 3, y - 1, 1.8)], "#ffffff", 0.2, fill=colour))
        panel.items.append(Words(x + 7, y, f"{words} {sum(e.verdict == verdict for e in answer.exits)} 个", 3.3))
        y += 5
    for place, (ahead_s, area) in enumerate(sorted(areas.items())):
        said = "现在" if ahead_s == 0 else f"{clock(ahead_s)} 后"
        panel.items.append(Lines([np.array([[x, y - 1], [x + 6, y - 1]])], REACH[place % 3], WIDTHS[place % 3]))
        panel.items.append(Words(x + 7, y, f"{said}可能在：{area.metres / 1000:.1f} km 道路（越粗越早）", 3.3))
        y += 5
    panel.items.append(Lines([np.array([[x, y - 1], [x + 6, y - 1]])], AWAY, 0.7, dash=(2.4, 1.0)))
    panel.items.append(Words(x + 7, y, "他到可能已过的出口的路", 3.3))
    y += 5
    panel.items.append(Words(x, y, "右列：他最早到 / 我方到岗，自现在起", 3.3))
    step = min(8.4, (TOP_MM + panel.height - y - 4) / max(1, len(answer.exits)))
    for number, exit_ in enumerate(answer.exits, 1):
        y += step
        colour, shape, words = MARKS[exit_.verdict]
        panel.items.append(Lines([shape(x + 3, y - 1, 2.2)], "#ffffff", 0.2, fill=colour))
        panel.items.append(Words(x + 3, y, str(number), 2.6, "#ffffff", "middle"))
        size = min(3.3, step * 0.42)
        panel.items.append(Words(x + 7, y - step * 0.16, exit_.name, size))
        comes_s = exit_.arrives_in_s if exit_.comes_in_s is None else exit_.comes_in_s
        his = "到不了" if comes_s is None else clock_down(comes_s)
        ours = "—" if exit_.staffed_in_s is None else clock(exit_.staffed_in_s)
        panel.items.append(Words(x + SIDE_MM - 1, y - step * 0.16, f"{his} / {ours}", size, anchor="end"))
        note = f"{words}{'（现在已可能）' if exit_.already else ''}"
        panel.items.append(
            Words(x + 7, y + step * 0.3, f"{exit_.road}　{note}".replace("　", " · "), size * 0.9, "#333333")
        )
    return panel
