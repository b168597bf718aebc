"""A table that a person keeps, as CSV or Excel: read within limits, written so that no cell becomes a formula.

Readers report to ``Mistakes``; a mistake's line is the row as the table program numbers it.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException

from camera_config.errors import ConfigError
from camera_config.mistakes import Mistakes

MAX_BYTES = 10 * 2**20
MAX_UNPACKED_BYTES = 60 * 2**20
"""Of an Excel file; 20,000 rows of 20 cells are about 30 MiB."""

MAX_ROWS, MAX_COLUMNS = 20_000, 64
_LAST_ROW = 100_000
"""Rows below are not looked at: Excel keeps empty rows that once had a format."""

_FORMULA = "=+\\-@\t\r＝＋－＠"
_BEGINS_A_FORMULA = re.compile(f"'*[{_FORMULA}]")
_QUOTED = re.compile(f"'+[{_FORMULA}]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

WHOLE_DIGITS = 15
"""A number of more digits than this was rounded by Excel, which keeps 15."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with at least one cell filled; ``cells`` are stripped text, as many as there are headings."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table's headings, the row they stand in, and the rows below."""

    file: str
    number: int
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    remark: str = ""
    """How it was read, where that is worth saying."""


def column_name(index: int) -> str:
    """Return the letters of a column, 0 is A."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def read_sheet(path: Path, mistakes: Mistakes) -> Sheet | None:
    """Return the table in ``path`` (.csv, .xlsx); None after noting why it cannot be read."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        mistakes.add(path.name, 1, f"file cannot be read ({error.strerror})", "check its name and its permissions")
        return None
    if size > MAX_BYTES:
        mistakes.add(path.name, 1, f"file has {size / 2**20:.0f} MiB, at most 10 are read", "keep the list alone in it")
        return None
    remark = ""
    match path.suffix.lower():
        case ".csv":
            text, remark = _decoded(raw)
            if text is None:
                mistakes.add(path.name, 1, "neither UTF-8 nor GB18030", "save the list as CSV UTF-8")
                return None
            found = _csv_rows(text, path.name, mistakes)
        case ".xlsx":
            found = _excel_rows(raw, path.name, mistakes)
        case _:
            mistakes.add(
                path.name, 1, "neither .csv nor .xlsx", "save the list as Excel workbook (.xlsx) or as CSV UTF-8"
            )
            return None
    return _sheet(path.name, found, remark, mistakes)


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table by the name's ending; a cell that would begin a formula is quoted (CSV) or typed as text (Excel).

    Raises:
        ConfigError: another ending, or a text that Excel cannot hold.
    """
    match path.suffix.lower():
        case ".csv":
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\r\n")
            writer.writerow(columns)
            writer.writerows([_quoted(cell) for cell in row] for row in rows)
            # The mark in front lets Excel read it as UTF-8.
            path.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
        case ".xlsx":
            _write_excel(path, columns, rows)
        case _:
            raise ConfigError(
                f"{path.name} ends in neither .csv nor .xlsx", hint="Name the file list.csv or list.xlsx."
            )


def _quoted(cell: str) -> str:
    return f"'{cell}" if _BEGINS_A_FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell


def _decoded(raw: bytes) -> tuple[str | None, str]:
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030"), "read as GB18030, as Excel saves CSV in China"
    except UnicodeDecodeError:
        return None, ""


def _csv_rows(text: str, file: str, mistakes: Mistakes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for cells in reader:
            number += 1
            if cells and not cells[0].lstrip().startswith("#"):
                yield number, [_unquoted(cell.strip()) for cell in cells]
    except csv.Error as error:
        mistakes.add(file, number + 1, f"broken CSV ({error})", "close the double quotes")


def _excel_rows(raw: bytes, file: str, mistakes: Mistakes) -> Iterator[tuple[int, list[str]]]:
    """Read the first sheet. Not by the values that Excel computed: only so can a formula be told from a value."""
    hint = "open it in Excel and save it again as .xlsx, without a password"
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            # zipfile reads no more of a member than its head says, so these sizes hold.
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
                mistakes.add(file, 1, "unpacks to more than 60 MiB", "keep the list alone in it, without pictures")
                return
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=_LAST_ROW, max_col=MAX_COLUMNS)
        for number, row in enumerate(rows, start=1):
            yield number, [_excel_cell(cell, number, file, mistakes) for cell in row]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, SyntaxError, OSError, EOFError):
        mistakes.add(file, 1, "not an Excel workbook, or a damaged one", hint)


def _excel_cell(cell: Any, number: int, file: str, mistakes: Mistakes) -> str:
    value: object = cell.value
    if value is None:
        return ""
    place = f"column {column_name(int(getattr(cell, 'column', 1)) - 1)}"
    if cell.data_type == "f":
        mistakes.add(file, number, f"{place}: a formula", "write its value instead (copy, paste values)")
        return ""
    if cell.data_type == "e":
        mistakes.add(file, number, f"{place}: an error value of Excel", "write the value itself")
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        if abs(value) >= 10**WHOLE_DIGITS:
            hint = "format the column as text, then write the number again"
            mistakes.add(file, number, f"{place}: Excel kept a long number and rounded its digits", hint)
            return ""
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, str):
        return value.strip()
    mistakes.add(file, number, f"{place}: a date or time", "format the column as text and write the value again")
    return ""


def _sheet(file: str, found: Iterator[tuple[int, list[str]]], remark: str, mistakes: Mistakes) -> Sheet | None:
    headings: list[str] = []
    head = 0
    rows: list[SheetRow] = []
    for number, cells in found:
        if not any(cells):
            continue
        if not headings:
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > MAX_COLUMNS:
                mistakes.add(file, number, f"more than {MAX_COLUMNS} columns", "keep the list alone in the file")
                return None
            head, headings = number, cells
            continue
        if any(cells[len(headings) :]):
            where = column_name(len(headings))
            mistakes.add(file, number, f"column {where} has no heading", "give it one, or take its cells out")
        if len(rows) == MAX_ROWS:
            mistakes.add(file, number, f"more than {MAX_ROWS} rows", "take the rows out that hold no camera")
            return None
        rows.append(SheetRow(number, tuple((cells + [""] * len(headings))[: len(headings)])))
    if not headings:
        if not len(mistakes):
            mistakes.add(file, 1, "is empty", "write the headings in the first row, one camera a row below")
        return None
    return Sheet(file, head, tuple(headings), tuple(rows), remark)


def _write_excel(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("cameras")
    try:
        for row in (columns, *rows):
            cells = [WriteOnlyCell(sheet, value=cell or None) for cell in row]
            for cell, text in zip(cells, row, strict=True):
                if text:
                    cell.data_type = "s"
                    cell.number_format = "@"
            sheet.append(cells)
    except IllegalCharacterError:
        raise ConfigError(
            "a text holds a control character, which Excel cannot keep", hint="Take it out, or write CSV."
        ) from None
    book.save(path)
