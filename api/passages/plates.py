"""Plates as they are compared: no spaces or dots, upper case, half width. Whether one is valid is not asked here."""

import re
import unicodedata

LONGEST = 16
WILD_ONE, WILD_MANY = "_", "*"
LEAST_KNOWN = 2
"""A search must name at least so many characters; `*` alone would be a list of everybody."""

_LEFT_OUT = re.compile(r"[\s·•・‧.\-]+")
_PLATE = re.compile(r"[0-9A-Z\u4e00-\u9fff]+")
_PATTERN = re.compile(r"[0-9A-Z\u4e00-\u9fff_%]+")


def normalise(text: str) -> str:
    """Return the plate as it is stored and compared.

    Raises:
        ValueError: empty, longer than ``LONGEST``, or with other characters than Chinese, A-Z and digits.
    """
    plate = _bare(text)
    if not _PLATE.fullmatch(plate) or len(plate) > LONGEST:
        raise ValueError(f"a plate has 1 to {LONGEST} characters: Chinese, A-Z or digits")
    return plate


def like_pattern(text: str) -> str:
    """Return a LIKE pattern for a plate with wildcards: `_` or `?` is one character, `*` is any number.

    Raises:
        ValueError: other characters, or fewer than ``LEAST_KNOWN`` that are not wildcards.
    """
    pattern = _bare(text.replace("%", "!")).replace("?", WILD_ONE).replace(WILD_MANY, "%")
    if not _PATTERN.fullmatch(pattern) or len(pattern) > LONGEST:
        raise ValueError("a search holds Chinese characters, A-Z, digits, `_` for one and `*` for any number")
    if len(pattern.replace("%", "").replace("_", "")) < LEAST_KNOWN:
        raise ValueError(f"name at least {LEAST_KNOWN} characters of the plate")
    return pattern


def near(one: str, other: str) -> bool:
    """Return whether the plates differ by at most one character put in, left out or exchanged."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    same = 0
    while same < len(one) and one[same] == other[same]:
        same += 1
    skip = 1 if len(one) == len(other) else 0
    return one[same + skip :] == other[same + 1 :]


def _bare(text: str) -> str:
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKC", text)).upper()
