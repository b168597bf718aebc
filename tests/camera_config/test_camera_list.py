"""A list of cameras as people keep it: Chinese or English, CSV or Excel, every mistake by row and column, once."""

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config import sheet
from camera_config.camera_list import COLUMNS, CameraList, read_list, without_login
from camera_config.example import example_county
from camera_config.list_changes import cells_of, compare, rewritten, standing
from camera_config.list_words import HEADINGS, VALUES
from camera_config.mistakes import Mistakes
from camera_config.records import PLACE_TYPES, CameraRecord
from camera_config.secrets import Login

CHINESE = ("序号", "编号", "名称", "国标编码", "纬度", "经度", "朝向(度)", "所属乡镇", "防控网", "场所类型",
           "用途", "保存期限", "主码流", "子码流", "录像", "备注")  # fmt: skip
ROW = ("1", "cam-900", "新村口", "22042100001320000900", "42.68", "125.53", "90", "东丰镇", "街面", "村口",
       "公安", "30天", "rtsp://127.0.0.1/1", "", "连续", "新装")  # fmt: skip
TOWNSHIPS = {"东丰镇": "dongfeng"}


def written(path: Path, *rows: tuple[str, ...], encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def changed(row: tuple[str, ...], **cells: str) -> tuple[str, ...]:
    return tuple(cells.get(heading.split("(")[0], cell) for heading, cell in zip(CHINESE, row, strict=True))


def read(path: Path, *, take_passwords: bool = False, known: dict | None = None) -> tuple[CameraList, list[str]]:
    mistakes = Mistakes()
    found = read_list(path, known or {}, TOWNSHIPS, take_passwords=take_passwords, mistakes=mistakes)
    assert all(mistake.hint for mistake in mistakes.in_order())
    return found, [f"{mistake.line}: {mistake.what}; {mistake.hint}" for mistake in mistakes.in_order()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_list_is_read_as_our_words(tmp_path: Path, encoding: str) -> None:
    found, mistakes = read(written(tmp_path / "点位表.csv", CHINESE, ROW, encoding=encoding))
    assert mistakes == []
    record = found.records["cam-900"]
    assert (record.township, record.net, record.place_type) == ("dongfeng", "street", "village_entrance")
    assert (record.retention_class, record.record, record.sub_url) == ("days-30", "continuous", None)
    assert found.rows == {"cam-900": 2}
    assert ("GB18030" in found.remark) == (encoding == "gb18030")


def test_every_word_has_a_meaning_of_ours() -> None:
    assert set(HEADINGS) == {*COLUMNS, "user", "password"}
    assert set(VALUES["place_type"].values()) == set(PLACE_TYPES)
    words = [word for words in HEADINGS.values() for word in words]
    assert len(words) == len(set(words))


def test_all_mistakes_are_told_at_once_by_row_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path / "list.csv",
        CHINESE,
        changed(ROW, 纬度="north", 国标编码="12"),
        ROW,
        changed(ROW, 名称="again", 国标编码="22042100001320000901"),
        changed(ROW, 编号="cam-901"),
        changed(ROW, 编号="cam-902", 国标编码="22042100001320000902", 场所类型="宿舍区", 经度=""),
    )
    found, mistakes = read(path)
    assert set(found.records) == {"cam-900"}
    said = "\n".join(mistakes)
    for part in (
        "2: column D 国标编码: gb_code: GB/T 28181 code '12' is malformed; write 20 digits",
        "2: column E 纬度: lat: ",
        "4: id 'cam-900' stands in row 3 too",
        "5: GB/T 28181 code '22042100001320000900' stands in row 3 too",
        "6: column J 场所类型: place_type: '宿舍区' is not a place type",
        "6: column F 经度: missing key 'lon'",
    ):
        assert part in said
    assert len(mistakes) == 6


def test_unknown_and_double_headings_are_told_and_marked_ones_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", ("id", "名称", "name", "colour", "# model"), ("cam-1", "a", "b", "red", "x"))
    _, mistakes = read(path)
    assert any("column C: 'name' means name, as column B does" in said for said in mistakes)
    assert any("column D: heading 'colour' is not known" in said and "put # before" in said for said in mistakes)
    assert not any("model" in said for said in mistakes)


def test_a_column_that_the_list_has_not_keeps_the_county_s_values(tmp_path: Path) -> None:
    known = standing(example_county()).records
    path = written(tmp_path / "list.csv", ("id", "url"), ("cam-001", "rtsp://127.0.0.1/9"), ("cam-999", "rtsp://h/"))
    found, mistakes = read(path, known=known)
    assert found.records["cam-001"] == known["cam-001"].model_copy(update={"url": "rtsp://127.0.0.1/9"})
    assert len(mistakes) == 10
    assert all(said.startswith("3: missing key") for said in mistakes)


@pytest.mark.parametrize(
    ("url", "user", "password"),
    [
        ("rtsp://admin:S3cret%40%21@10.0.0.3:554/1?a=b", "admin", "S3cret@!"),
        ("rtsp://admin:p@ss@10.0.0.3/1", "admin", "p@ss"),
        ("rtsps://u:p@[fd00::1]/1", "u", "p"),
    ],
)
def test_a_password_is_taken_out_of_a_url(url: str, user: str, password: str) -> None:
    plain, login = without_login(url)
    assert login == Login(user, password)
    assert "@" not in plain
    assert plain.startswith(("rtsp://10.0.0.3", "rtsps://[fd00::1]/1"))


@pytest.mark.parametrize(
    "url",
    ["rtsp://admin:hun/ter2@10.0.0.3/1", "rtsp://admin:12/hunter2@10.0.0.3/1", "rtsp://admin:hun#ter2@10.0.0.3/1",
     "rtsp://admin:hun?ter2@h/", "rtsp://admin@h/", "rtsp://admin:@h/", "rtsp://[admin:hunter2@h/"],
)  # fmt: skip
def test_a_password_that_cannot_be_told_apart_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    for take in (True, False):
        found, mistakes = read(written(tmp_path / "list.csv", CHINESE, changed(ROW, 主码流=url)), take_passwords=take)
        assert found.records == found.logins == {}
        assert "cannot be told apart" in mistakes[0]
        assert "ter2" not in "".join(mistakes)


def test_passwords_are_refused_or_taken_never_kept(tmp_path: Path) -> None:
    path = written(
        tmp_path / "list.csv",
        (*CHINESE, "用户名", "密码"),
        (*changed(ROW, 主码流="rtsp://admin:hunter2@127.0.0.1/1"), "", ""),
        (*changed(ROW, 编号="cam-901", 国标编码="22042100001320000901"), "viewer", "hunter3"),
        (*changed(ROW, 编号="cam-902", 国标编码="22042100001320000902"), "viewer", ""),
        (
            *changed(ROW, 编号="cam-903", 国标编码="22042100001320000903", 子码流="rtsp://a:hunter4@127.0.0.1/"),
            "b",
            "x",
        ),
    )
    found, mistakes = read(path)
    assert found.records == found.logins == {}
    assert sum("--take-passwords" in said for said in mistakes) == 3
    assert "hunter" not in "".join(mistakes)
    found, mistakes = read(path, take_passwords=True)
    assert found.logins == {"cam-900": Login("admin", "hunter2"), "cam-901": Login("viewer", "hunter3")}
    assert found.records["cam-900"].url == "rtsp://127.0.0.1/1"
    assert [said.split(";")[0] for said in mistakes] == [
        "4: a password has 1 to 256 characters and no control characters",
        "5: the row holds two different logins",
    ]
    assert "hunter" not in repr(found)


def excel(path: Path, *rows: tuple[object, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_an_excel_list_is_read_and_long_numbers_formulas_and_dates_are_refused(tmp_path: Path) -> None:
    import datetime

    good = (*ROW[:4], 42.68, 125.53, 90, *ROW[7:11], 30, *ROW[12:])
    bad = ("2", "cam-901", "=1+1", 22042100001320000901, *good[4:10], datetime.datetime(2026, 1, 1), *good[11:])  # noqa: DTZ001
    path = excel(tmp_path / "list.xlsx", CHINESE, good, (None,) * 16, bad)
    found, mistakes = read(path)
    assert found.records["cam-900"].lat == 42.68
    assert found.records["cam-900"].retention_class == "days-30"
    said = "\n".join(mistakes)
    assert "4: column C: a formula; write its value" in said
    assert "4: column D: Excel kept a long number and rounded its digits; format the column as text" in said
    assert "4: column K: a date or time" in said


def test_a_list_beyond_the_limits_is_refused(tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_bytes(b"id\n" + b"x" * sheet.MAX_BYTES)
    assert "at most 10" in read(big)[1][0]
    many = written(tmp_path / "many.csv", ("id",), *((f"c-{n}",) for n in range(sheet.MAX_ROWS + 1)))
    assert "more than 20000 rows" in "".join(read(many)[1])
    wide = written(tmp_path / "wide.csv", ("id", *"x" * 64))
    assert "more than 64 columns" in "".join(read(wide)[1])
    bomb = excel(tmp_path / "bomb.xlsx", ("id",), ("c-1",))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x", bytes(sheet.MAX_UNPACKED_BYTES))
    assert bomb.stat().st_size < 200_000
    assert "unpacks to more than 60 MiB" in "".join(read(bomb)[1])


def test_a_workbook_of_nested_entities_is_refused(tmp_path: Path) -> None:
    path = excel(tmp_path / "list.xlsx", ("id",), ("c-1",))
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>'
    evil = tmp_path / "evil.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(evil, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(
                name, head.encode() + b"<x>&a9;</x>" if name.endswith(("sheet1.xml", "sharedStrings.xml")) else data
            )
    found, mistakes = read(evil)
    assert found.records == {}
    assert "not an Excel workbook" in "".join(mistakes)


@pytest.mark.parametrize(
    ("name", "content"),
    [("l.csv", b""), ("l.csv", b"# only\n"), ("l.csv", b'id,name\n"c'), ("l.csv", b"\xff\xff\xff"), ("l.xlsx", b"PK"),
     ("l.xlsx", b""), ("l.ods", b""), ("l.xls", b"\xd0\xcf"), ("l.csv", b"name\nx\n")],
)  # fmt: skip
def test_what_is_no_list_is_told_and_does_not_crash(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    found, mistakes = read(tmp_path / name)
    assert found.records == {}
    assert mistakes


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(CELL, st.sampled_from(["=1", "+a", "-", "@x", "＝1", "'=1", "''", "-5", "'a", "a"])), min_size=1)
)
def test_no_cell_begins_a_formula_and_every_cell_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list
) -> None:
    folder = tmp_path_factory.mktemp("sheet")
    rows = [(f"r{n}", *row) for n, row in enumerate(rows)]
    for name in ("x.csv", "x.xlsx"):
        sheet.write_sheet(folder / name, ("a", "b", "c"), rows)
        mistakes = Mistakes()
        back = sheet.read_sheet(folder / name, mistakes)
        assert back is not None
        assert [row.cells for row in back.rows] == rows
        assert len(mistakes) == 0
    for row in csv.reader((folder / "x.csv").read_text("utf-8-sig").splitlines()):
        assert not any(cell[:1] in tuple("=+@＝＋－＠") for cell in row)
        assert not any(cell.startswith("-") and not cell[1:].isdigit() for cell in row)


def test_remarks_order_and_untouched_rows_stay_as_they_are() -> None:
    at = standing(example_county())
    text = at.text.replace("cam-003,", "# 第二批\ncam-003,", 1)
    first, second, third = (at.records[f"cam-00{n}"] for n in (1, 2, 3))
    new = {
        **at.records,
        "cam-002": second.model_copy(update={"name": "新名，带逗号"}),
        "cam-900": third.model_copy(update={"id": "cam-900", "gb_code": "22042100001320000900"}),
    }
    del new["cam-001"]
    after, on_line = rewritten(text, compare(at.records, new))
    before, now = text.splitlines(), after.splitlines()
    assert now[:2] == before[:2]
    assert now[2].startswith("cam-002,新名，带逗号,")
    assert now[3:-1] == before[4:]
    assert now[-1].startswith("cam-900,")
    assert on_line[3] == "cam-002"
    assert on_line[len(now)] == "cam-900"
    assert first.id not in after


def test_a_column_is_added_where_a_camera_needs_it() -> None:
    at = standing(example_county())
    new = {**at.records, "cam-002": at.records["cam-002"].model_copy(update={"sub_url": "rtsp://127.0.0.1/2"})}
    after, _ = rewritten(at.text, compare(at.records, new))
    lines = after.splitlines()
    assert lines[1].endswith(",retention_class,sub_url")
    assert lines[2].endswith(",days-30,")
    assert lines[3].endswith(",days-30,rtsp://127.0.0.1/2")
    assert len(lines) == len(at.text.splitlines())


def test_a_camera_comes_back_from_its_row() -> None:
    for record in standing(example_county()).records.values():
        cells = {key: cell for key, cell in zip(COLUMNS, cells_of(record), strict=True) if cell}
        assert CameraRecord.model_validate(cells) == record
