"""A mistake in a county's files: where it stands, what is wrong, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from camera_config.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """``line`` counts from 1; 1 also where a file is absent or a mistake belongs to the whole file."""

    file: str
    line: int
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.hint}"


class Mistakes:
    """Collects mistakes over all files, so that a person sees them together."""

    def __init__(self) -> None:
        self._found: set[Mistake] = set()

    def add(self, file: str, line: int, what: str, hint: str) -> None:
        """Note one mistake; the same one twice counts once."""
        self._found.add(Mistake(file, line, what, hint))

    def __len__(self) -> int:
        return len(self._found)

    def in_order(self) -> list[Mistake]:
        """Return all of them by file, line, text."""
        return sorted(self._found)


def refusal(folder: str, mistakes: Iterable[Mistake]) -> ConfigError:
    """Return the error that lists ``mistakes``, one a line."""
    lines = [str(mistake) for mistake in mistakes]
    noun = "mistake" if len(lines) == 1 else "mistakes"
    return ConfigError(
        f"{folder} has {len(lines)} {noun}:\n" + "\n".join(lines),
        hint=f"Correct the files in {folder} and run `kakou check {folder}` before starting.",
    )
