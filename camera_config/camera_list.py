"""A list of cameras as a person keeps it, turned into records: headings, words, passwords, every mistake at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from camera_config.edge import accept, columns
from camera_config.list_words import HEADINGS, PASSED_OVER, VALUES
from camera_config.mistakes import Mistakes
from camera_config.records import CameraRecord
from camera_config.secrets import Login
from camera_config.sheet import Sheet, SheetRow, column_name, read_sheet

COLUMNS = columns(CameraRecord)

_KEY_OF = {word: key for key, words in HEADINGS.items() for word in words}


@dataclass(frozen=True, slots=True)
class CameraList:
    """The cameras that could be read, by id, with the row of each; logins found, by id; ``remark`` on the reading."""

    file: str
    records: dict[str, CameraRecord]
    rows: dict[str, int]
    logins: dict[str, Login]
    remark: str = ""


def read_list(
    path: Path,
    known: Mapping[str, CameraRecord],
    townships: Mapping[str, str],
    *,
    take_passwords: bool,
    mistakes: Mistakes,
) -> CameraList:
    """Read a list; what is wrong is in ``mistakes`` by row, and the camera of such a row is left out.

    Args:
        path: .csv or .xlsx; headings in Chinese or English, in any order.
        known: the county's cameras by id. A column that the list does not have keeps their values.
        townships: ids by name; the list may hold either.
        take_passwords: take users and passwords out of the list; otherwise they are mistakes.
        mistakes: where to note what is wrong.
    """
    found = CameraList(path.name, {}, {}, {})
    sheet = read_sheet(path, mistakes)
    if sheet is None:
        return found
    keys = _keys(sheet, mistakes)
    if "id" not in keys:
        mistakes.add(sheet.file, sheet.number, "no column holds the ids", "give one the heading id or 编号")
        return found
    codes: dict[str, int] = {}
    for row in sheet.rows:
        cells = {key: row.cells[at] for key, at in keys.items() if row.cells[at]}
        before = len(mistakes)
        login = _taken_login(cells, sheet, row, keys, mistakes, take_passwords=take_passwords)
        record = _record(cells, keys, sheet, row, known, townships, mistakes)
        if record is None or len(mistakes) > before:
            continue
        for noun, value, seen in (("id", record.id, found.rows), ("GB/T 28181 code", record.gb_code, codes)):
            if value in seen:
                what = f"{noun} {value!r} stands in row {seen[value]} too"
                mistakes.add(sheet.file, row.number, what, "keep one row a camera; numbers are never reused")
        if len(mistakes) == before:
            found.records[record.id], found.rows[record.id] = record, row.number
            codes[record.gb_code] = row.number
            if login is not None:
                found.logins[record.id] = login
    return CameraList(found.file, found.records, found.rows, found.logins, sheet.remark)


def _keys(sheet: Sheet, mistakes: Mistakes) -> dict[str, int]:
    """Return our keys with the position of their columns."""
    keys: dict[str, int] = {}
    for at, heading in enumerate(sheet.headings):
        word = re.sub(r"[\s_\-]|[(（].*", "", heading).lower()
        if not word or word.startswith("#") or word in PASSED_OVER:
            continue
        place = f"column {column_name(at)}"
        key = _KEY_OF.get(word)
        if key is None:
            known = "、".join(words[1] if len(words) > 1 else words[0] for words in HEADINGS.values())
            hint = f"take the column out, put # before its heading, or call it one of {', '.join(COLUMNS)} ({known})"
            mistakes.add(sheet.file, sheet.number, f"{place}: heading {heading[:30]!r} is not known", hint)
        elif key in keys:
            what = f"{place}: {heading!r} means {key}, as column {column_name(keys[key])} does"
            mistakes.add(sheet.file, sheet.number, what, "keep one of them")
        else:
            keys[key] = at
    return keys


def _record(
    cells: dict[str, str],
    keys: dict[str, int],
    sheet: Sheet,
    row: SheetRow,
    known: Mapping[str, CameraRecord],
    townships: Mapping[str, str],
    mistakes: Mistakes,
) -> CameraRecord | None:
    data: dict[str, object] = {}
    old = known.get(cells.get("id", ""))
    if old is not None:
        data |= {key: getattr(old, key) for key in COLUMNS if key not in keys}
    for key, value in cells.items():
        data[key] = townships.get(value, value) if key == "township" else VALUES.get(key, {}).get(value, value)
    # For the time of one row, a mistake's line is the column, from 1; 0 is none.
    own = Mistakes()
    if townships and "township" in cells and data["township"] not in townships.values():
        what = f"there is no township {cells['township'][:30]!r}"
        own.add(sheet.file, keys["township"] + 1, what, f"write one of {'、'.join(townships)}, or its id")
        data["township"] = next(iter(townships.values()))  # told; not to be told again as no id
    record = accept(CameraRecord, data, sheet.file, lambda place: keys.get(str(place[0]), -1) + 1 if place else 0, own)
    for mistake in own.in_order():
        at = f"column {column_name(mistake.line - 1)} {sheet.headings[mistake.line - 1]}: " if mistake.line else ""
        mistakes.add(sheet.file, row.number, at + mistake.what, mistake.hint)
    return record


def _taken_login(
    cells: dict[str, str],
    sheet: Sheet,
    row: SheetRow,
    keys: dict[str, int],
    mistakes: Mistakes,
    *,
    take_passwords: bool,
) -> Login | None:
    """Take users and passwords out of ``cells``, from URLs and columns of their own; nothing of them is ever told."""
    logins: list[Login] = []
    for key in ("url", "sub_url"):
        at = f"column {column_name(keys.get(key, 0))}"
        try:
            cells[key], login = without_login(cells[key])
        except KeyError:
            continue
        except ValueError as error:
            del cells[key]
            mistakes.add(sheet.file, row.number, f"{at}: {error}", "write user and password in columns of their own")
            continue
        logins += [login] if login else []
    user, password = cells.pop("user", ""), cells.pop("password", "")
    if user or password:
        try:
            logins.append(Login(user, password))
        except ValueError as error:
            mistakes.add(sheet.file, row.number, str(error), "fill both columns, or leave both empty")
    if logins and not take_passwords:
        hint = "--take-passwords moves them to the secrets file; or take them out of the list"
        mistakes.add(sheet.file, row.number, "the row holds user and password", hint)
    if any(login != logins[0] for login in logins):
        mistakes.add(sheet.file, row.number, "the row holds two different logins", "keep one a device")
    return logins[0] if logins else None


def without_login(url: str) -> tuple[str, Login | None]:
    """Return the URL without user and password, and these.

    Raises:
        ValueError: what is a password and what is not cannot be told for certain; the URL is not repeated.
    """
    if "@" not in url:
        return url, None
    try:
        parts = urlsplit(url)
        inside, _, host = parts.netloc.rpartition("@")
        # A / ? or # that was not encoded in a password ends the host too early.
        if not inside or "@" in url.replace(parts.netloc, "", 1):
            raise ValueError
        user, _, password = inside.partition(":")
        return urlunsplit(parts._replace(netloc=host)), Login(unquote(user), unquote(password))
    except ValueError:
        raise ValueError("the URL holds a user or password that cannot be told apart from its address") from None
