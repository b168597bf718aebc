"""The child process that searches one containment: a question on standard input, its answer on standard output."""

import os
import sys

from api.launch import die_with_parent
from api.plan.confine import solve

NICE = 10
"""Verdicts go first on a machine that has few processors."""


def main() -> None:
    """Answer one question and end."""
    die_with_parent()
    os.nice(NICE)
    solve(sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
    main()
