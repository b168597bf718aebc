"""What a person holds in his hand: the orders on paper, and that no paper looks like an order that is none."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from api.paper.orders import READ_S, lines_of, read_aloud, spoken_s
from api.paper.sheet import sheet_of
from api.paper.sheet_html import sheet_html
from api.paper.situation import Origin, Situation, Staffing, seen_now
from api.paper.terms import clock, clock_down, named, side, span
from api.plan.answer import Asked, answer_of
from api.plan.inputs import PositionRow, Prepared, prepare, units_from
from camera_config.county import Blocks, UnitStatus
from camera_config.ids import UnitId
from tests.support.small_county import small_county, unit_places

AT = 1_795_480_000.0


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    county = small_county()
    county = replace(county, name="小县<script>", units=tuple(replace(u, call_sign=f"<b>{u.id}") for u in county.units))
    return prepare(county)


def rows(**changed: dict[str, Any]) -> list[PositionRow]:
    """Every unit at home, 5 s ago; ``u_2={...}`` changes that of u-2."""
    return [
        PositionRow(**{"unit": u, "lat": p.lat, "lon": p.lon, "age_s": 5.0, **changed.get(u.replace("-", "_"), {})})
        for u, p in unit_places(small_county()).items()
    ]


def situation(prepared: Prepared, given: list[PositionRow], origin: Origin = Origin.LIVE) -> Situation:
    units = units_from(prepared.county, given)
    answer = answer_of(prepared, units, AT, Asked())
    return Situation(answer.out, prepared.county, seen_now(prepared.county, units), origin, "0.1")


def busy(*units: int) -> dict[str, dict[str, Any]]:
    return {f"u_{n}": {"status": UnitStatus.ON_CALL} for n in units}


def silent(*units: int) -> dict[str, dict[str, Any]]:
    return {f"u_{n}": {"age_s": 900.0} for n in units}


def test_orders_are_read_in_eight_seconds_and_the_least_slack_comes_first(prepared: Prepared) -> None:
    found = situation(prepared, rows())
    lines = lines_of(found, "白色面包车")
    margins = [o.margin_s for o in found.answer.joint.plan]
    assert [line.margin for line in lines] == [clock_down(s) for s in sorted(margins)]
    assert len(lines) == 8
    for line in lines:
        assert spoken_s(line.text) <= READ_S
        assert re.fullmatch(
            r"<b>u-\d，到[nesw](town|county)，[nesw]路，拦出[城县]方向（往[东南西北]），(15|30)分钟内到岗，查白色面包车",
            line.text,
        )
        assert line.age == "5 秒"


def test_what_does_not_fit_into_eight_seconds_gives_way_and_the_order_stays() -> None:
    post = small_county().posts[0]
    assert read_aloud("警1", [post], "车" * 40).endswith("15分钟内到岗，目标见页首")
    long = replace(post, name="很长的卡点名称" * 3, road="一条名字很长很长的公路")
    assert long.road not in read_aloud("警1", [long], "车")
    assert read_aloud("警1", [long], "车").endswith("，15分钟内到岗")
    pair = [replace(post, name="高速北卡点（进县方向）"), replace(post, name="高速北卡点（出县方向）")]
    assert "到高速北卡点（进县方向），兼守出县方向" in read_aloud("警1", pair)


def test_every_page_says_whose_plan_it_is_and_how_long_it_holds(prepared: Prepared) -> None:
    found = situation(prepared, rows(), Origin.DRILL)
    page = sheet_html(sheet_of(found))
    head = page[page.index("<thead>") : page.index("</thead>")]
    for word in (
        "演练",
        "虚构县",
        "有效至",
        "2026-11-24 08:26:50（+08:00）",
        found.answer.digest,
        "kakou 0.1",
        "最旧 5 秒",
    ):
        assert word in head
    assert "把握（假定）" in page
    assert "示例" in sheet_html(sheet_of(situation(prepared, rows(), Origin.EXAMPLE)))
    live = sheet_html(sheet_of(situation(prepared, rows())))
    assert ">演练<" not in live
    assert ">示例<" not in live


def test_the_sheet_needs_nothing_from_elsewhere_and_no_name_becomes_markup(prepared: Prepared) -> None:
    page = sheet_html(sheet_of(situation(prepared, rows()), "<img src=x onerror=alert(1)>"))
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>u-" not in page
    assert "<b>u-1，到" in unescape(page)
    assert not re.search(r"<(?:img|link|script|iframe|object)|<[^>]*(?:src|href)=|url\(|@import", page)
    assert page == sheet_html(sheet_of(situation(prepared, rows()), "<img src=x onerror=alert(1)>"))


@pytest.mark.parametrize(
    ("changed", "state"), [(busy(2, 3, 4), "not_possible"), (silent(2, 3, 4), "unknown"), (busy(2, 3), "not_possible")]
)
def test_what_cannot_be_sealed_never_looks_like_an_order(
    prepared: Prepared, changed: dict[str, dict[str, Any]], state: str
) -> None:
    found = situation(prepared, rows(**changed))
    assert found.answer.state == state
    page = sheet_html(sheet_of(found))
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert "不是命令" in head
    assert "不是封控命令" in head
    lines = lines_of(found)
    assert lines
    assert all(line.text.startswith("（仅供参考）") for line in lines)
    for word in ("派警单</", "下令时刻", "□收到", "命令 "):
        assert word not in page
    assert "没有按时到岗的卡点" in page
    assert "怎样补救" in page
    assert ("请用电台询问" in page) == (state == "unknown")


def test_posts_are_in_time_late_or_without_anybody(prepared: Prepared) -> None:
    assert {p.staffing for p in situation(prepared, rows()).posts()} == {Staffing.IN_TIME}
    none = situation(prepared, [])
    assert {p.staffing for p in none.posts()} == {Staffing.NOBODY}
    slow = replace(prepared.county, posts=tuple(replace(p, deadline_s=1) for p in prepared.county.posts))
    late = situation(prepare(slow), rows())
    assert late.answer.state == "not_possible"
    assert {p.staffing for p in late.posts()} == {Staffing.LATE}
    assert all(p.staffed_s is not None and p.staffed_s > 1 for p in late.posts())


def test_units_left_in_town_are_free_fresh_within_its_ring_and_without_an_order(prepared: Prepared) -> None:
    given = rows()
    found = situation(prepared, given)
    ordered = {o.unit for o in found.answer.joint.plan}
    (left,) = {str(row.unit) for row in given} - ordered
    sheet = sheet_of(found)
    assert sheet.left == (f"<b>{left}",)
    assert sheet_of(situation(prepared, rows(**{left.replace("-", "_"): {"age_s": 900.0}}))).left == ()


def test_words_and_times_are_never_better_than_they_are() -> None:
    post = small_county().posts[0]
    assert side(replace(post, blocks=Blocks.IN, bearing_deg=0.0)) == "拦进城方向（往南）"
    assert side(replace(post, blocks=Blocks.BOTH)) == "双向拦"
    assert (clock(59.1), clock_down(59.9), clock_down(-59.9)) == ("1:00", "0:59", "−1:00")
    assert (span(900), span(870), span(30)) == ("15分钟", "14分30秒", "30秒")
    assert named("u-1、u-10 到 u-1", {UnitId("u-1"): "甲", UnitId("u-10"): "乙"}) == "甲、乙 到 甲"
