"""Words and times as a commander reads them, the same on the screen, on paper and on the map."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from camera_config.county import Blocks, County, Post, Ring

STATES = {
    "ready": "● 就绪",
    "at_risk": "▲ 有风险",
    "not_possible": "✕ 不可能",
    "unknown": "? 不明",
}
RINGS = {"joint": "两圈合计", "town": "县城封控", "county": "县界集结"}
ASSUMED = "假定"
"""Stands beside every figure that rests on noise that nobody has measured."""

_COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
_OUTWARDS = {Ring.TOWN: ("出城", "进城"), Ring.COUNTY: ("出县", "进县")}


def side(post: Post) -> str:
    """Return which side of the road is blocked: 拦出城方向（往西北）."""
    out, into = _OUTWARDS[post.ring]
    match post.blocks:
        case Blocks.BOTH:
            return "双向拦"
        case Blocks.OUT:
            return f"拦{out}方向（往{compass(post.bearing_deg)}）"
        case Blocks.IN:
            return f"拦{into}方向（往{compass(post.bearing_deg + 180.0)}）"


def compass(bearing_deg: float) -> str:
    """Return the nearest of eight directions."""
    return _COMPASS[round(bearing_deg / 45.0) % 8]


def clock(seconds: float) -> str:
    """Return ``m:ss``, rounded up: a time that is needed is never shown shorter."""
    minutes, rest = divmod(-int(-seconds // 1), 60)
    return f"{minutes}:{rest:02d}"


def clock_down(seconds: float) -> str:
    """Return ``m:ss``, rounded down: a time that is left is never shown longer."""
    minutes, rest = divmod(abs(int(seconds // 1)), 60)
    return f"{'−' if seconds < 0 else ''}{minutes}:{rest:02d}"


def age_text(seconds: float) -> str:
    """Return how old a position is, rounded up."""
    return f"{-int(-seconds // 1)} 秒" if seconds < 100 else clock(seconds)


def span(seconds: int) -> str:
    """Return a deadline as it is spoken: 15分钟, 14分30秒."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}分钟" if not rest else f"{minutes}分{rest}秒" if minutes else f"{rest}秒"


def local(at: float, utc_offset_s: int) -> str:
    """Return unix seconds as date and time of the county's wall clock, with its offset."""
    when = datetime.fromtimestamp(at, UTC).astimezone(timezone(timedelta(seconds=utc_offset_s)))
    offset = when.strftime("%z")
    return f"{when:%Y-%m-%d %H:%M:%S}（{offset[:3]}:{offset[3:]}）"


def percent(share: float) -> str:
    """Return a share with one decimal, rounded down as it was handed out."""
    return f"{100 * share:.1f} %"


def names_of(county: County) -> dict[str, str]:
    """Return what units, posts and standby points are called, by id."""
    return {
        **{str(point.id): point.name for point in county.standby_points},
        **{str(post.id): post.name for post in county.posts},
        **{str(unit.id): unit.call_sign for unit in county.units},
    }


def named(text: str, names: Mapping[str, str]) -> str:
    """Return a sentence of the planner with names for ids."""
    if not names:
        return text
    ids = "|".join(re.escape(key) for key in sorted(names, key=lambda key: (-len(key), key)))
    return re.sub(rf"(?<![\w-])(?:{ids})(?![\w-])", lambda found: names[found.group()], text, flags=re.ASCII)
