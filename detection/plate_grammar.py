"""What may stand on a Chinese number plate (GA 36-2018), held as data.

Source: public validators and articles (facts/standards 3.3) and, for the classes, GA 24.7 as GA/T 1400 names it; the
standards' own texts were not seen. Paper plates of temporary traffic are not in the table.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class PlateColour(StrEnum):
    """The plate's ground colour; ``code`` is ColorType of GA/T 1400."""

    BLUE = "blue"
    YELLOW = "yellow"
    GREEN = "green"
    YELLOW_GREEN = "yellow_green"
    WHITE = "white"
    BLACK = "black"

    @property
    def code(self) -> str:
        """Return PlateColor as GA/T 1400 writes it; both new-energy grounds are green there."""
        return {"blue": "5", "yellow": "6", "green": "9", "yellow_green": "9", "white": "2", "black": "1"}[self.value]


class Layout(StrEnum):
    """A plate's rows and shape: 440 or 480 x 140, two rows on 440 x 220 or 300 x 165, two rows on 220 x 140 mm."""

    ROW = "row"
    TWO_ROWS = "two_rows"
    SMALL = "small"


PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CODED = (
    "11京12津13冀14晋15蒙21辽22吉23黑31沪32苏33浙34皖35闽36赣37鲁41豫42鄂43湘"
    "44粤45桂46琼50渝51川52贵53云54藏61陕62甘63青64宁65新"
)
PROVINCE_CODES = {_CODED[place : place + 2]: _CODED[place + 2] for place in range(0, len(_CODED), 3)}
"""The first two digits of a county's code (GB/T 2260) and what its vehicles' plates begin with."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No I and no O: they look like 1 and 0."""
DIGITS = "0123456789"
MARKS = "警学挂港澳使领"
ALPHABET = PROVINCES + LETTERS + DIGITS + MARKS
"""Everything a plate may hold; the reader knows nothing else."""

SETS = {
    "P": frozenset(PROVINCES),
    "L": frozenset(LETTERS),
    "S": frozenset(LETTERS + DIGITS),
    "D": frozenset(DIGITS),
    "E": frozenset("DFABCEGHJK"),
    "C": frozenset("ABCD" + DIGITS),
}
"""Position classes of ``PlateForm.pattern``: province, letter, serial, digit, new-energy letter, police."""


@dataclass(frozen=True, slots=True)
class PlateForm:
    """One kind of plate.

    Args:
        kind: our word for it.
        pattern: one sign a character: a key of ``SETS``, or the character itself after a backslash.
        colours: grounds it is made in.
        plate_class: PlateClass of GA 24.7 / GA/T 16.7 as GA/T 1400 uses it.
        layouts: shapes it is made in.
    """

    kind: str
    pattern: str
    colours: frozenset[PlateColour]
    plate_class: str
    layouts: frozenset[Layout]

    @property
    def positions(self) -> tuple[frozenset[str], ...]:
        """Return the characters allowed at each position, first to last."""
        return _positions(self.pattern)

    def matches(self, text: str) -> bool:
        """Tell whether ``text`` is a whole plate of this form."""
        places = self.positions
        return len(text) == len(places) and all(sign in place for sign, place in zip(text, places, strict=True))


def _form(
    kind: str, pattern: str, plate_class: str, *colours: PlateColour, layouts: tuple[Layout, ...] = (Layout.ROW,)
) -> PlateForm:
    return PlateForm(kind, pattern, frozenset(colours), plate_class, frozenset(layouts))


_EITHER = (Layout.ROW, Layout.TWO_ROWS)
_BIG = (Layout.TWO_ROWS,)
_CYCLE = (Layout.SMALL,)

FORMS: tuple[PlateForm, ...] = (
    _form("small", "PLSSSSS", "02", PlateColour.BLUE),
    _form("large", "PLSSSSS", "01", PlateColour.YELLOW, layouts=_EITHER),
    _form("small_new_energy", "PLESDDDD", "52", PlateColour.GREEN),
    _form("large_new_energy", "PLDDDDDE", "51", PlateColour.YELLOW_GREEN, PlateColour.GREEN),
    _form("trailer", "PLSSSS\\挂", "15", PlateColour.YELLOW, layouts=_EITHER),
    _form("coach", "PLSSSS\\学", "16", PlateColour.YELLOW),
    _form("police", "PLCDDD\\警", "23", PlateColour.WHITE),
    _form("hong_kong", "\\粤\\ZSSSS\\港", "26", PlateColour.BLACK),
    _form("macau", "\\粤\\ZSSSS\\澳", "27", PlateColour.BLACK),
    _form("embassy", "DDDDDD\\使", "03", PlateColour.BLACK),
    _form("embassy", "\\使DDDDDD", "03", PlateColour.BLACK),
    _form("consulate", "PLDDDD\\领", "04", PlateColour.BLACK),
    _form("armed_police", "\\W\\JSSSSS", "31", PlateColour.WHITE, layouts=_EITHER),
    _form("armed_police", "\\W\\JPSSSSS", "31", PlateColour.WHITE, layouts=_EITHER),
    _form("military", "LLDDDDD", "32", PlateColour.WHITE, layouts=_EITHER),
    _form("tractor", "PDDDDDDD", "14", PlateColour.GREEN, layouts=_BIG),
    _form("motorcycle", "PLSSSSS", "07", PlateColour.YELLOW, layouts=_CYCLE),
    _form("moped", "PLSSSSS", "08", PlateColour.BLUE, layouts=_CYCLE),
    _form("coach_motorcycle", "PLSSSS\\学", "17", PlateColour.YELLOW, layouts=_CYCLE),
    _form("police_motorcycle", "PLCDDD\\警", "24", PlateColour.WHITE, layouts=_CYCLE),
)

MAX_LENGTH = 8


@cache
def _positions(pattern: str) -> tuple[frozenset[str], ...]:
    signs = iter(pattern)
    return tuple(frozenset(next(signs)) if sign == "\\" else SETS[sign] for sign in signs)


@cache
def _start(position: int, form: int) -> frozenset[str]:
    places = FORMS[form].positions
    return places[position] if position < len(places) else frozenset()


def following(live: int, position: int, sign: str) -> int:
    """Return which forms are still possible after ``sign`` at ``position``.

    Args:
        live: the forms possible so far, one bit a form of ``FORMS``; ``EVERY_FORM`` at the start.
        position: from 0.
        sign: one character of ``ALPHABET``.

    Returns:
        The forms that allow it, one bit each; 0 when none does.
    """
    return live & _allowing(position, sign)


EVERY_FORM = (1 << len(FORMS)) - 1


@cache
def _allowing(position: int, sign: str) -> int:
    return sum(1 << form for form in range(len(FORMS)) if sign in _start(position, form))


def complete(live: int, length: int) -> int:
    """Return which of the ``live`` forms are complete plates at ``length`` characters."""
    return live & sum(1 << form for form in range(len(FORMS)) if len(FORMS[form].positions) == length)


def forms_of(text: str) -> tuple[PlateForm, ...]:
    """Return every form that ``text`` is a whole plate of; empty means it is no plate."""
    return tuple(form for form in FORMS if form.matches(text))


def province_of(code: str) -> str:
    """Return what plates begin with where a county's code is ``code`` (GB/T 2260); empty where it is of no province."""
    return PROVINCE_CODES.get(code[:2], "")


def forms_in(*layouts: Layout) -> int:
    """Return the forms made in one of ``layouts``, one bit each: where ``following`` may start."""
    return sum(1 << place for place, form in enumerate(FORMS) if not form.layouts.isdisjoint(layouts))


def form_of(text: str, colour: PlateColour | None, layout: Layout | None = None) -> PlateForm | None:
    """Return the form of ``text``, preferring one of this layout, then of this colour; None when it is no plate."""
    forms = forms_of(text)
    if not forms:
        return None
    return max(forms, key=lambda form: (layout in form.layouts, colour in form.colours))
