"""A fix in one line of Chinese, as the command centre says it; names as far as they are known, else ids."""

from collections.abc import Mapping

from camera_config.county import UnitStatus
from lockdown.actions import Kind
from lockdown.fixes import Fix
from lockdown.times import clock_text

LEAVES = {UnitStatus.ON_CALL: "正在处警", UnitStatus.COMMITTED_OTHER: "已另有任务"}


def fix_text(fix: Fix, names: Mapping[str, str]) -> str:
    """Return what to do, how long it takes and whether it helps now; ``names`` of units, posts and standby points."""
    unit = _name(names, fix.action.unit or "")
    posts = "、".join(_name(names, post) for post in fix.posts)
    match fix.action.kind:
        case Kind.ANSWER:
            asked = "核实其位置和方向，如位置有利即可" if fix.counted else "如答复可出动即可"
            what = f"电台询问 {unit}，{asked}{_within(fix)}"
        case Kind.RELEASE:
            what = (
                f"抽调 {unit}（{LEAVES.get(fix.leaves or UnitStatus.UNKNOWN, '有任务')}，将离开该任务）{_within(fix)}"
            )
        case Kind.STAND_AT:
            what = f"{unit} 移至 {_place(fix, names)}{_others(fix)}"
        case Kind.ONE_MORE:
            kit = f"，带 {'、'.join(fix.equipment)}" if fix.equipment else ""
            crew = f"（不少于 {fix.crew} 人{kit}）" if fix.crew is not None else ""
            what = f"在 {_place(fix, names)} 增加 1 个单元{crew}{_others(fix)}"
        case Kind.SHORTER_SETUP:
            now_ms, then_ms = fix.setup_ms or (0, 0)
            what = f"{posts} 改用固定拦阻设施，布设 {clock_text(now_ms)} 减为 {clock_text(then_ms)}"
        case Kind.REOPEN:
            what = f"恢复通行：{_roads(fix)}"
        case Kind.LOWER_NEED:
            what = f"{posts} 由 {fix.need} 个单元减为 {fix.action.need} 个"
        case Kind.GIVE_UP:
            what = f"放弃 {posts}，{_roads(fix)} 将敞开"
    return f"{what}；{_takes(fix)}，{'本次有效' if fix.helps_now else '本次警情来不及'}"


def _name(names: Mapping[str, str], identity: str) -> str:
    return names.get(identity, identity)


def _takes(fix: Fix) -> str:
    if fix.takes_ms is None:
        return "用时不能预知"
    return "立即" if fix.takes_ms == 0 else f"约需 {clock_text(fix.takes_ms)}"


def _within(fix: Fix) -> str:
    # Down to the second: a time that is left is never shown longer.
    return "" if fix.within_ms is None else f"，须在 {clock_text(fix.within_ms // 1000 * 1000)} 内可以出动"


def _place(fix: Fix, names: Mapping[str, str]) -> str:
    if fix.standby is not None:
        return _name(names, fix.standby)
    at = "" if fix.at is None else f" {fix.at.lat:.5f},{fix.at.lon:.5f}"
    return f"{_roads(fix)}路口{at}"


def _others(fix: Fix) -> str:
    return f"，另有 {len(fix.spots) - 1} 处可行" if len(fix.spots) > 1 else ""


def _roads(fix: Fix) -> str:
    return "、".join(road for road in fix.roads if road) or "无名路"
