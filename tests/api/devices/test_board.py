"""What the wall is told of devices stays true when messages are missed, and when nobody speaks any more."""

from pathlib import Path
from typing import Any

import pytest

from api.devices.board import CONFIRMED_S, ROW_S, Board
from api.run_folder import RunFolder
from api.settings import Settings
from tests.support.feed import devices
from tests.support.small_county import small_county


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(small_county(), Settings(county=tmp_path, data=tmp_path), RunFolder(tmp_path))


def states(board: Board, now_s: float) -> list[str]:
    return [row["state"] for row in board.everything(now_s)["devices"]]


def some(mono_s: float, at: float, **states: str) -> dict[str, Any]:
    """A message with these rows alone."""
    return {**devices(mono_s, at, **states), "full": False}


def pictures(mono_s: float, at: float, **rows: tuple[str, float]) -> dict[str, Any]:
    """What detection says: of each feed the state and when its keyframe came."""
    return {
        "at": at,
        "mono_s": mono_s,
        "pictures": {
            feed.replace("_", "-"): {"picture": state, "since": 50.0, "seen_at": seen_at, "cause": ""}
            for feed, (state, seen_at) in rows.items()
        },
    }


def test_changes_before_the_first_whole_message_say_what_they_say_and_no_more(board: Board) -> None:
    board.accept(some(10.0, 100.0, cam_2="stalled"))
    assert states(board, 10.5) == ["unknown", "stalled", "unknown", "unknown"]
    board.accept({**devices(11.0, 101.0, cam_1="online", cam_2="online", cp_n="late"), "full": True})
    assert states(board, 11.5) == ["online", "online", "unknown", "late"]
    board.accept(some(12.0, 102.0, cp_n="online"))
    assert states(board, 12.5) == ["online", "online", "unknown", "online"]


def test_a_missed_change_is_mended_by_the_next_whole_message(board: Board) -> None:
    board.accept(devices(10.0, 100.0, cam_1="online"))
    board.accept({**devices(20.0, 110.0, cam_1="stalled"), "full": True})
    assert states(board, 20.5)[0] == "stalled"


def test_a_row_that_ingest_leaves_out_for_long_is_unknown(board: Board) -> None:
    board.accept(devices(10.0, 100.0, cam_1="online", cam_2="online"))
    for second in range(1, int(ROW_S) + 2):
        board.accept(some(10.0 + second, 100.0 + second, cam_1="online"))
    rows = board.everything(10.0 + ROW_S + 1)["devices"]
    assert [(row["state"], row["cause"]) for row in rows[:2]] == [
        ("online", None),
        ("unknown", "ingest says nothing of it any more"),
    ]


def test_an_older_message_read_again_changes_nothing(board: Board) -> None:
    board.accept(devices(20.0, 110.0, cam_1="online"))
    board.accept(devices(10.0, 100.0, cam_1="stalled"))
    assert states(board, 20.5)[0] == "online"


def test_after_a_restart_of_ingest_or_of_the_machine_the_new_rows_count(board: Board) -> None:
    board.accept(devices(5000.0, 100.0, cam_1="online", cam_2="online"))
    board.accept({**devices(5003.0, 103.0, cam_1="unreachable"), "full": True})
    assert states(board, 5003.5)[:2] == ["unreachable", "unknown"]
    board.accept({**devices(7.0, 200.0, cam_1="online"), "full": True})
    assert states(board, 7.5)[0] == "online"


def test_what_ingest_says_of_a_stream_is_shown_and_what_it_does_not_say_is_null(board: Board) -> None:
    message = devices(10.0, 100.0, cam_1="online", cam_2="online")
    message["devices"][0] |= {"codec": "h265", "width": 1920, "via": "pyav", "notes": ["flood"], "sub_state": "late"}
    board.accept(message)
    first, second = board.everything(10.0)["devices"][:2]
    assert (first["codec"], first["width"], first["via"], first["notes"], first["sub_state"]) == (
        "h265", 1920, "pyav", ["flood"], "late",
    )  # fmt: skip
    assert (second["codec"], second["watched"], second["notes"], second["clock_offset_s"]) == (None, None, [], None)


def test_a_picture_is_unknown_until_seen_and_again_when_nobody_confirms_it(board: Board) -> None:
    board.accept(devices(10.0, 100.0, cam_1="online"))
    assert board.everything(10.0)["devices"][0]["picture"] == {
        "state": "unknown", "since": None, "seen_at": None, "cause": None,
    }  # fmt: skip
    board.accept_pictures(pictures(12.0, 102.0, cam_1=("moved", 101.0)))
    shown = board.everything(12.0)["devices"][0]["picture"]
    assert shown == {"state": "moved", "since": 50.0, "seen_at": 101.0, "cause": None}
    assert board.everything(11.0 + CONFIRMED_S)["devices"][0]["picture"]["state"] == "moved", "exactly then still"
    later = board.everything(11.5 + CONFIRMED_S)["devices"][0]["picture"]
    assert (later["state"], later["seen_at"], later["cause"]) == ("unknown", 101.0, "not looked at lately")


def test_a_picture_state_we_do_not_know_is_unknown(board: Board) -> None:
    board.accept_pictures(pictures(12.0, 102.0, cam_1=("lovely", 101.0)))
    assert board.everything(12.0)["devices"][0]["picture"]["state"] == "unknown"


def test_a_picture_that_goes_bad_is_sent_at_once_and_one_confirmed_again_is_not(board: Board) -> None:
    board.accept(devices(10.0, 100.0, cam_1="online"))
    board.accept_pictures(pictures(10.0, 100.0, cam_1=("good", 100.0)))
    assert len(board.changed(10.0)["devices"]) == 4
    board.accept_pictures(pictures(11.0, 101.0, cam_1=("good", 101.0)))
    assert board.changed(11.0)["devices"] == []
    board.accept_pictures(pictures(12.0, 102.0, cam_1=("black", 102.0)))
    assert [row["picture"]["state"] for row in board.changed(12.0)["devices"]] == ["black"]


def test_a_picture_that_nobody_confirms_is_sent_as_unknown_though_nobody_speaks(board: Board) -> None:
    board.accept(devices(10.0, 100.0, cam_1="online"))
    board.accept_pictures(pictures(10.0, 100.0, cam_1=("good", 100.0)))
    board.changed(10.0)
    board.changed(100.0)
    sent = board.changed(10.0 + CONFIRMED_S + 6.0)["devices"]
    assert [(row["id"], row["picture"]["state"]) for row in sent] == [("cam-1", "unknown")]


def test_what_was_said_before_the_machine_started_again_is_not_true_now(board: Board) -> None:
    board.accept(devices(5000.0, 100.0, cam_1="online"))
    board.accept_pictures(pictures(5000.0, 100.0, cam_1=("good", 100.0)))
    first = board.everything(20.0)["devices"][0]
    assert (first["state"], first["picture"]["state"]) == ("unknown", "unknown")
