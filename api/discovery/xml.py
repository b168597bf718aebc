"""XML from strangers: no DTD, no entities, names without their namespaces, texts cut and printable."""

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

LONGEST_TEXT = 4096
DEEPEST = 64


def parse(data: bytes) -> Element | None:
    """Return the root; None where it is not XML, holds a DTD, or is nested deeper than any answer of a camera."""
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return None
    layer = [root]
    for _ in range(DEEPEST):
        layer = [child for element in layer for child in element]
        if not layer:
            return root
    return None


def local(element: Element) -> str:
    """Return the tag without its namespace."""
    return element.tag.rpartition("}")[2]


def find(element: Element | None, *path: str) -> Element | None:
    """Return the first element below by local names, each anywhere below the one before."""
    for name in path:
        element = None if element is None else next((one for one in element.iter() if local(one) == name), None)
    return element


def texts_of(element: Element, name: str) -> list[str]:
    """Return the texts of all elements of that local name."""
    return [_clean(one.text) for one in element.iter() if local(one) == name]


def text_of(element: Element | None, *path: str) -> str:
    """Return the text at the path of local names, empty where there is none."""
    found = find(element, *path)
    return "" if found is None else _clean(found.text)


def _clean(text: str | None) -> str:
    kept = (letter if letter.isprintable() else " " for letter in (text or "")[:LONGEST_TEXT])
    return "".join(kept).strip()
