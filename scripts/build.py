"""Which wheels and sdists does this checkout give? Builds them all into the folder given as first argument.

With more arguments, it builds these projects instead of all that are released. The folder gets a requirements
file ``wheels.txt`` as well, which names every wheel by its path: an installation from it takes no package of
the same name from an index.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def released() -> list[Path]:
    """The projects that are released."""
    plugins = (pyproject.parent for pyproject in sorted(ROOT.glob("plugins/*/pyproject.toml")))
    return [ROOT, *plugins, ROOT / "contract_tests"]


def main(folder: Path, projects: list[Path]) -> None:
    """Empty the folder and fill it. Each wheel is built from its sdist, which proves the sdist complete."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    for project in projects:
        done = subprocess.run([*build, str(project)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{project} cannot be built:\n{done.stdout}{done.stderr}")
    wheels = sorted(folder.glob("*.whl"))
    (folder / "wheels.txt").write_text("".join(f"{wheel}\n" for wheel in wheels), encoding="utf-8")
    print(f"built {len(wheels)} wheels into {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), [Path(given).resolve() for given in sys.argv[2:]] or released())
