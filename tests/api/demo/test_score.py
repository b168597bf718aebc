"""What the demo's report counts, on hand-made truth and passages. Times are seconds from the window's start."""

from api.demo.score import Cut, SeenPassage, TrueVehicle, edits, score

WINDOW = (100.0, 140.0)


def true(plate: str, left: float, checkpoint: str = "north") -> TrueVehicle:
    return TrueVehicle(checkpoint, plate, 100.0 + left - 3.0, 100.0 + left)


def seen(plate: str | None, at: float, name: str = "", checkpoint: str = "north") -> SeenPassage:
    return SeenPassage(name or f"{plate}-{at}", checkpoint, 100.0 + at, plate)


def test_one_vehicle_one_passage_is_matched():
    found = score([true("吉D12345", 10)], [seen("吉D12345", 9.5)], *WINDOW)
    assert (found.true, found.matched, found.duplicate, found.false, found.plates_right) == (1, 1, 0, 0, 1)


def test_a_second_passage_of_a_vehicle_is_a_duplicate_and_unmatches_it():
    found = score([true("吉D12345", 10)], [seen("吉D12345", 9.5), seen("吉D12346", 10.5)], *WINDOW)
    assert (found.matched, found.duplicate, found.false) == (0, 1, 0)


def test_a_passage_of_nobody_is_false():
    found = score([true("吉D12345", 10)], [seen("吉D12345", 9.5), seen("京A00000", 25)], *WINDOW)
    assert (found.matched, found.false) == (1, 1)


def test_two_side_by_side_keep_their_own_passages_though_one_is_misread():
    found = score([true("吉D12345", 10), true("吉B99999", 10.2)], [seen("吉B99998", 9), seen("吉D12345", 10)], *WINDOW)
    assert (found.matched, found.plates_right, found.false) == (2, 1, 0)
    assert found.misread == (("吉B99999", "吉B99998"),)


def test_more_than_three_seconds_off_is_another_time():
    found = score([true("吉D12345", 10)], [seen("吉D12345", 13.1)], *WINDOW)
    assert (found.true, found.matched, found.false) == (1, 0, 1)
    assert score([true("吉D12345", 10)], [seen("吉D12345", 13.0)], *WINDOW).matched == 1


def test_who_is_cut_by_the_window_counts_for_nothing():
    found = score([true("吉D12345", 2), true("吉D54321", 41)], [seen("吉D12345", 1), seen("吉D54321", 39.5)], *WINDOW)
    assert (found.true, found.matched, found.false) == (0, 0, 0)


def test_who_is_cut_by_the_footage_counts_for_nothing():
    cut = [Cut("north", 120.0)]
    halves = [seen("吉D12345", 19.5), seen("吉D54321", 21)]
    found = score([true("吉D54321", 21.5)], halves, *WINDOW, cut)
    assert (found.true, found.matched, found.false) == (0, 0, 0)
    assert score([true("吉D54321", 21.5)], halves, *WINDOW).false == 1


def test_edits_are_levenshtein():
    assert [edits("abc", "abc"), edits("abc", ""), edits("abc", "axc"), edits("abc", "bc")] == [0, 3, 1, 1]
