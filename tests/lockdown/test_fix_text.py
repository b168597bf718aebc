"""Each fix in the words of the command centre."""

import pytest

from camera_config.county import Position, UnitStatus
from camera_config.ids import PostId, UnitId
from lockdown.actions import Action, Kind
from lockdown.fix_text import fix_text
from lockdown.fixes import Fix

NAMES = {"u-1": "警01", "north": "北出口", "s-1": "1号待警点"}
UNIT, POST = UnitId("u-1"), PostId("north")
AT = Position(42.68, 125.53)

SAID = [
    (
        Fix(Action(Kind.ANSWER, unit=UNIT), helps_now=True, takes_ms=None, within_ms=61_999),
        "电台询问 警01，如答复可出动即可，须在 1:01 内可以出动；用时不能预知，本次有效",
    ),
    (
        Fix(Action(Kind.ANSWER, unit=UNIT), helps_now=True, takes_ms=None, counted=True),
        "电台询问 警01，核实其位置和方向，如位置有利即可；用时不能预知，本次有效",
    ),
    (
        Fix(Action(Kind.RELEASE, unit=UNIT), helps_now=True, takes_ms=None, leaves=UnitStatus.ON_CALL),
        "抽调 警01（正在处警，将离开该任务）；用时不能预知，本次有效",
    ),
    (
        Fix(Action(Kind.STAND_AT, unit=UNIT, spot=9), False, 90_001, spots=(3, 9), at=AT, standby="s-1"),
        "警01 移至 1号待警点，另有 1 处可行；约需 1:31，本次警情来不及",
    ),
    (
        Fix(Action(Kind.ONE_MORE, spot=3), False, None, spots=(3,), at=AT, roads=("环路",), crew=2, equipment=("钉",)),
        "在 环路路口 42.68000,125.53000 增加 1 个单元（不少于 2 人，带 钉）；用时不能预知，本次警情来不及",
    ),
    (
        Fix(Action(Kind.SHORTER_SETUP, post=POST), False, None, posts=(POST,), setup_ms=(300_000, 60_000)),
        "北出口 改用固定拦阻设施，布设 5:00 减为 1:00；用时不能预知，本次警情来不及",
    ),
    (
        Fix(Action(Kind.REOPEN, road=0), helps_now=False, takes_ms=None, roads=("",)),
        "恢复通行：无名路；用时不能预知，本次警情来不及",
    ),
    (
        Fix(Action(Kind.LOWER_NEED, post=POST, need=1), helps_now=True, takes_ms=0, posts=(POST,), need=2),
        "北出口 由 2 个单元减为 1 个；立即，本次有效",
    ),
    (
        Fix(Action(Kind.GIVE_UP, post=POST), helps_now=True, takes_ms=0, posts=(POST,), roads=("国道",)),
        "放弃 北出口，国道 将敞开；立即，本次有效",
    ),
]


@pytest.mark.parametrize(("fix", "line"), SAID, ids=lambda value: value.action.kind if isinstance(value, Fix) else "")
def test_a_fix_is_one_line_that_says_how_long_it_takes_and_whether_it_helps_now(fix, line):
    assert fix_text(fix, NAMES) == line


def test_every_kind_has_its_line():
    assert {fix.action.kind for fix, _ in SAID} == set(Kind)
    assert "u-1" in fix_text(SAID[0][0], {})
