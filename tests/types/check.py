"""Checks the types of a wheel, as a user's type checkers see them.

    python tests/types/check.py WHEEL

`user.py` must pass `mypy --strict` and `pyright`, and `pyright --verifytypes` must know the types of 95 % of
the public names. The status is 1 if a check fails, with a line for each.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

#: Smallest share of the public names whose types are known.
KNOWN = 0.95
#: Settings of a user of mypy: the libraries that `user.py` itself imports have no types.
MYPY = "[mypy]\nstrict = True\n[mypy-keras.*,pandas.*]\nignore_missing_imports = True\n"


def main(wheel: Path) -> int:
    """Install a wheel into an environment of its own, and check it there."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        python = install(wheel, home / "venv")
        script = home / "user.py"
        script.write_text((Path(__file__).parent / "user.py").read_text())
        (home / "mypy.ini").write_text(MYPY)
        failures = [
            *fails(
                "mypy", home, python, "--python-executable", python, "--config-file", "mypy.ini", "user.py"
            ),
            *fails("pyright", home, python, "user.py"),
            *unknown_types(home, python),
        ]
    for failure in failures:
        print(failure, file=sys.stderr)
    return bool(failures)


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel into a new environment, which has the other packages of this one. Return its Python."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    packages = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "other_packages.pth").write_text("\n".join(packages))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel]
    subprocess.run(pip, check=True)
    return python


def run(tool: str, home: Path, python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a type checker of this environment in a folder, with the given Python as that of the user."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", tool, *arguments]
    return subprocess.run(command, cwd=home, env={**os.environ, "PATH": path}, capture_output=True, text=True)


def fails(tool: str, home: Path, python: Path, *arguments: str | Path) -> list[str]:
    """Run a type checker on the user's script. Return a line if it finds an error."""
    done = run(tool, home, python, *arguments)
    print(f"{tool} on the user's script\n{done.stdout}{done.stderr}")
    return [f"Expected {tool} to accept tests/types/user.py; see above."] if done.returncode else []


def unknown_types(home: Path, python: Path) -> list[str]:
    """Count the public names whose types are known. Return a line if they are too few."""
    done = run("pyright", home, python, "--verifytypes", "kerasae", "--ignoreexternal", "--outputjson")
    report = json.loads(done.stdout)["typeCompleteness"]
    public = [symbol for symbol in report["symbols"] if symbol["isExported"]]
    unknown = [symbol["name"] for symbol in public if not symbol["isTypeKnown"]]
    share = report["completenessScore"]
    print(f"pyright knows the types of {share:.2%} of {len(public)} public names")
    if public and share >= KNOWN:
        return []
    return [f"Expected {KNOWN:.0%} of the public names to have known types; unknown: {', '.join(unknown)}."]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
