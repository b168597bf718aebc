"""What cameras are told to watch for: every mistake is found, and hours are the county's."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from camera_config.camera_rules import Hours, LineDirection, RuleKind
from camera_config.errors import ConfigError
from camera_config.load import check_county, load_county
from tests.support.county_files import lighter_county

CHINA_S = 8 * 3600
ZONE = "zone = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]\n"
LINE = "line = [[0.1, 0.5], [0.9, 0.5]]\n"


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lighter_county(tmp_path_factory.mktemp("ruled") / "county", cameras=40)


@pytest.fixture
def county(tmp_path: Path, light: Path) -> Path:
    return Path(shutil.copytree(light, tmp_path / "county"))


@pytest.fixture
def roadless(county: Path) -> Path:
    """The same without roads, which take longest to read; the other mistakes are found all the same."""
    (county / "roads.geojson").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    return county


def rule(kind: str, keys: str = "", *, name: str = "r-1", camera: str = "cam-001") -> str:
    return f'[[rule]]\nid = "{name}"\ncamera = "{camera}"\nname = "规则"\nkind = "{kind}"\n{keys}'


def write(county: Path, text: str) -> None:
    (county / "camera_rules.toml").write_text(text, encoding="utf-8")


MISTAKES = [
    (rule("intrusion"), 1, "has no zone", "write zone"),
    (rule("line"), 1, "has no line of two points", "the line that is crossed"),
    (rule("wrong_way", ZONE), 1, "has no line of two points", "the way that is allowed"),
    (rule("crowd"), 1, "has no count", "write count"),
    (rule("crowd", "count = 5\ncount_end = 6\n"), 1, "count_end is above count", "or fewer"),
    (rule("line", LINE + ZONE), 1, "takes no zone", "take it out"),
    (rule("loitering", LINE), 1, "takes no line", "take it out"),
    (rule("loitering", "direction = 'to_left'\n"), 1, "takes no direction", "take it out"),
    (rule("abandoned", 'classes = ["car"]\n'), 1, "takes no classes", "take it out"),
    (rule("abandoned", "dwell_s = 9\n"), 1, "dwell_s is below 10", "more time"),
    (rule("loitering", 'classes = ["face"]\n'), 6, "'face' is not a class", "bicycle"),
    (rule("loitering", 'times = ["22-6"]\n'), 6, "'22-6' is not a span", "22:00-06:00"),
    (rule("loitering", 'times = ["24:00-06:00"]\n'), 6, "is not a span", "22:00-06:00"),
    (rule("loitering", 'times = ["06:00-06:00"]\n'), 6, "begins when it ends", "00:00-24:00"),
    (rule("loitering", 'days = ["monday"]\n'), 6, "not known", "'mon'"),
    (rule("loitering", "days = []\n"), 6, "days", "correct"),
    (rule("loitering", "dwell_s = 3601\n"), 6, "less than or equal to 3600", "correct"),
    (rule("loitering", "dwell_s = nan\n"), 6, "not a finite number", "NaN"),
    (rule("loitering", "release_s = 0\n"), 6, "greater than or equal to 1", "correct"),
    (rule("intrusion", "zone = [[0.1, 0.1], [0.9, 0.9]]\n"), 1, "fewer than 3 corners", "polygon"),
    (rule("intrusion", "zone = [[0, 0], [1, 1], [1, 0], [0, 1]]\n"), 1, "crosses itself", "in order"),
    (rule("intrusion", "zone = [[0, 0], [0.01, 0], [0, 0.01]]\n"), 1, "holds nothing", "in order"),
    (rule("intrusion", "zone = [[0, 0], [640, 0], [0, 1]]\n"), 6, "less than or equal to 1", "correct"),
    (rule("line", "line = [[0.5, 0.5], [0.5, 0.51]]\n"), 1, "shorter than 2%", "longer"),
    (rule("fight"), 5, "not known", "'loitering'"),
    (rule("loitering", "zones = []\n"), 6, "unknown key 'zones'", "known are"),
    (rule("loitering", camera="cam-999"), 2, "camera 'cam-999' does not exist", "cameras.csv"),
    (rule("loitering", camera="kk-town-west"), 2, "camera 'kk-town-west' does not exist", "cameras.csv"),
    (rule("loitering") + rule("loitering"), 7, "duplicate rule 'r-1'", "its own"),
    ("".join(rule("loitering", name=f"r-{n}") for n in range(17)), 82, "more than 16 rules", "take some out"),
]


@pytest.mark.parametrize(("text", "line", "what", "hint"), MISTAKES)
def test_a_wrong_rule_is_found_on_its_line(roadless: Path, text: str, line: int, what: str, hint: str) -> None:
    write(roadless, text)
    found = check_county(roadless)
    wanted = [one for one in found if what in one.what and hint in one.hint]
    assert [(one.file, one.line) for one in wanted] == [("camera_rules.toml", line)], "\n".join(map(str, found))


def test_a_county_whose_rules_are_gone_is_refused_and_not_watched_without(roadless: Path) -> None:
    (roadless / "camera_rules.toml").unlink()
    with pytest.raises(ConfigError, match=r"camera_rules\.toml:1: file is absent"):
        load_county(roadless)


def test_a_county_that_names_no_rules_and_has_none_is_right_and_check_says_so(county: Path) -> None:
    file = county / "camera_rules.toml"
    head = (county / "county.toml").read_text(encoding="utf-8")
    (county / "county.toml").write_text(head.replace('camera_rules = "camera_rules.toml"\n', ""), encoding="utf-8")
    said = CliRunner().invoke(app, ["check", str(county)])
    assert (said.exit_code, "no camera has a rule" in said.stdout) == (0, False), said.stdout
    file.unlink()
    said = CliRunner().invoke(app, ["check", str(county)])
    assert (said.exit_code, "no camera has a rule" in said.stdout) == (0, True), said.stdout
    file.symlink_to("nowhere.toml")
    with pytest.raises(ConfigError, match=r"camera_rules\.toml:1: file"):
        load_county(county)


def test_a_rule_has_the_defaults_of_its_kind(county: Path) -> None:
    write(county, rule("crowd", "count = 11\n") + rule("line", LINE, name="r-2") + rule("stopped", name="r-3"))
    crowd, line, stopped = load_county(county).camera_rules
    assert (crowd.count, crowd.count_end, crowd.dwell_s, crowd.classes) == (11, 8, 10.0, {"person"})
    assert (line.direction, line.dwell_s, line.release_s, len(line.classes)) == (LineDirection.BOTH, 0.0, 10.0, 6)
    assert (stopped.zone, stopped.classes) == ((), {"car", "bus", "truck", "motorcycle"})


def test_the_example_county_has_a_rule_of_every_kind_and_says_its_clock(county: Path) -> None:
    loaded = load_county(county)
    assert {one.kind for one in loaded.camera_rules} == set(RuleKind)
    assert loaded.utc_offset_s == CHINA_S


def at(day: int, hour: int, minute: int) -> float:
    """Return unix seconds of a moment in China; the 2nd of March 2026 is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp() - CHINA_S


def test_hours_begin_inclusive_and_end_exclusive() -> None:
    hours = Hours(spans=((7 * 60, 8 * 60 + 20),))
    moments = [at(2, 6, 59), at(2, 7, 0), at(2, 8, 19), at(2, 8, 20)]
    assert [hours.holds(moment, CHINA_S) for moment in moments] == [False, True, True, False]


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    hours = Hours(days=frozenset({4}), spans=((22 * 60, 6 * 60),))  # the night from Friday to Saturday
    friday, saturday, sunday = 6, 7, 8
    assert not hours.holds(at(friday, 5, 59), CHINA_S)
    assert not hours.holds(at(friday, 21, 59), CHINA_S)
    assert hours.holds(at(friday, 22, 0), CHINA_S)
    assert hours.holds(at(saturday, 0, 0), CHINA_S)
    assert hours.holds(at(saturday, 5, 59), CHINA_S)
    assert not hours.holds(at(saturday, 6, 0), CHINA_S)
    assert not hours.holds(at(saturday, 22, 0), CHINA_S)
    assert not hours.holds(at(sunday, 1, 0), CHINA_S)


def test_sunday_night_goes_on_into_monday() -> None:
    hours = Hours(days=frozenset({6}), spans=((22 * 60, 6 * 60),))
    assert hours.holds(at(9, 1, 0), CHINA_S)
    assert not hours.holds(at(8, 1, 0), CHINA_S)
