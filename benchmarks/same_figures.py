"""Are the figures those of an earlier tree? Same seed, same numbers, to the digit.

    python benchmarks/same_figures.py record before.json
    python benchmarks/same_figures.py compare before.json

Runs the commands as a user does: `compare digits`, a search of six trials, and for each kind of examples a
short training, an evaluation, every application, and an export. `record` writes what they print as JSON, and
a checksum of every table and array that they leave. `compare` runs them again and prints each figure that is
not the same; exit status 1 if there is one. What is measured in seconds, and paths, are left out. Takes about
ten minutes on two cores. The data are made here or come with scikit-learn.

A rebuilding is compared with the tree before it; on another machine or with another version of TensorFlow the
last digits differ.
"""

import argparse
import contextlib
import hashlib
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits

#: Figures that differ from run to run.
CHANGING = (
    "seconds",
    "latency",
    "created",
    "folder",
    "path",
    "out",
    "host",
    "version",
    "sha256",
    "bytes",
    "itemised",
    "_ms",
)
#: Arguments of `kerasae train`, by kind of examples.
TRAINED = {
    "image": ["{home}/image.npz", "--model", "variational", "--latent-dim", "4", "--epochs", "4"],
    "vector": ["{home}/vector.npz", "--model", "contractive", "--latent-dim", "4", "--epochs", "4"],
    "table": ["{home}/table.csv", "--model", "variational", "--latent-dim", "3", "--epochs", "6"],
    "detector": ["{home}/table.csv", "--preset", "detector", "--epochs", "4"],
    "text": ["{home}/text.txt", "--model", "sparse", "--latent-dim", "8", "--epochs", "2"],
}
LABELLED = {"image": [], "vector": [], "table": ["--set", "data.labels=kind"], "text": []}
#: Options by application, where its defaults do nothing to measure.
OPTIONS = {"denoising": ["--noise", "gaussian", "--level", "0.3"], "clustering": ["--clusters", "4"]}


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["record", "compare", "part"])
    parser.add_argument("file", type=Path, help="figures of the tree before")
    parser.add_argument("--only", nargs="*", help="parts: compare, tune, or a kind of examples")
    parser.add_argument("--keep", type=Path, help="folder for what the commands write")
    arguments = parser.parse_args()
    if arguments.what == "part":
        print(json.dumps(part(arguments.only[0], arguments.file)))
        return
    before = json.loads(arguments.file.read_text()) if arguments.what == "compare" else {}
    with contextlib.ExitStack() as stack:
        home = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        sources(home)
        now = {}
        for name in arguments.only or ["compare", "tune", *TRAINED]:
            now[name] = figures_of(name, home)
            print(f"{name}: {sum(1 for _ in leaves(now[name])):,} figures", flush=True)
    if arguments.what == "record":
        arguments.file.write_text(json.dumps(now, indent=1))
        return
    differences = [line for name in now for line in different(name, before[name], now[name])]
    print("\n".join(differences) or "Every figure is the same.")
    sys.exit(1 if differences else 0)


def sources(home: Path) -> None:
    """Write the examples of each kind."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(digits.images))[:500]
    images, labels = (15.9 * digits.images[order]).astype("uint8"), digits.target[order]
    np.savez(home / "image.npz", x=images, y=labels)
    np.savez(home / "vector.npz", x=images.reshape(-1, 64).astype("float32"), y=labels)
    cancer = load_breast_cancer()
    names = [name.replace(" ", "_") for name in cancer.feature_names[:6]]
    frame = pd.DataFrame(cancer.data[:, :6], columns=names)
    frame["size"] = pd.cut(frame.pop(names[3]), 3, labels=["small", "middling", "large"]).astype(str)
    frame["seen"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, len(frame)), unit="D")
    frame["again"] = rng.random(len(frame)) < 0.3
    frame = frame.mask(rng.random(frame.shape) < 0.03)
    frame["kind"] = np.where(cancer.target == 1, "benign", "malignant")
    frame.to_csv(home / "table.csv", index=False)
    words = ["cat", "dog", "bird", "sees", "eats", "hears", "the", "a", "red", "big", "small", "old", "now"]
    lines = [" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(600)]
    (home / "text.txt").write_text("\n".join(lines))


def figures_of(name: str, home: Path) -> Any:
    """Run a part in a process of its own."""
    command = [sys.executable, __file__, "part", str(home), "--only", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"The part {name} ended with status {done.returncode}.")
    return json.loads(done.stdout.splitlines()[-1])


def part(name: str, home: Path) -> dict[str, Any]:
    """What the commands of a part print, and checksums of what they write."""
    if name == "compare":
        return {"compare": kerasae("compare", "digits", "--json", "--jobs", "2")}
    if name == "tune":
        found = kerasae(
            "tune", f"{home}/vector.npz", "--trials", "6", "--epochs", "4", "--latent-dims", "2,4,8",
            "--jobs", "1", "--seed", "1", "--out", f"{home}/tuned", "--json",
        )  # fmt: skip
        return {"tune": found}
    run = home / name
    given = [one.format(home=home) for one in TRAINED[name]]
    kerasae("train", *given, *LABELLED.get(name, []), "--seed", "3", "--out", str(run), read=False)
    found = {"history": (run / "history.csv").read_text()}
    found["evaluate"] = kerasae("evaluate", str(run), "--json")
    for application in ["anomaly"] if name == "detector" else applications(run):
        out = home / f"{name}-{application}"
        found[application] = kerasae(
            "apply", application, str(run), "--out", str(out), *OPTIONS.get(application, []), "--json"
        )
        found[f"{application}, files"] = checksums(out)
    tolerance = ("max_deviation=9", "mean_deviation=9", "agreement=0", "error_ratio=9", "score_shift=9")
    tolerance += ("score_max_deviation=9", "score_mean_deviation=9")
    changed = [
        word for one in (*tolerance, "rank_correlation=-1", "decisions=0") for word in ("--tolerance", one)
    ]
    found["export"] = kerasae("export", str(run), "--out", f"{home}/{name}-ship", *changed, "--json")
    return found


def applications(run: Path) -> list[str]:
    """The applications that take what the run takes."""
    from kerasae import Run, registry
    from kerasae.kinds import kind_of

    has_numbers = kind_of(Run.open(run).model.spec).has_numbers
    members = {one: registry.resolve("application", one) for one in registry.names("application")}
    return [one for one, member in members.items() if has_numbers or not member.needs_numbers]


def kerasae(*arguments: str, read: bool = True) -> Any:
    """What a command prints as JSON, or the line with which it refuses."""
    from kerasae.cli import main as command_line

    printed, complaint = io.StringIO(), io.StringIO()
    status: Any = 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaint):
        try:
            command_line(list(arguments))
        except SystemExit as end:
            status = end.code or 0
    if status:
        print(*arguments, complaint.getvalue(), sep="\n", file=sys.stderr)
        return {"status": status}
    return by_heading(json.loads(printed.getvalue())) if read else None


def by_heading(printed: Any) -> Any:
    """What `apply` printed, with the headings of the metrics for their keys, as was printed before."""
    if not isinstance(printed, dict) or "application" not in printed:
        return printed
    headings = printed.pop("headings", {})
    figures = {
        name: {headings.get(key, key): value for key, value in values.items()}
        for name, values in printed["figures"].items()
    }
    return {**printed, "figures": figures}


def checksums(folder: Path) -> dict[str, str]:
    """Checksums of the tables and arrays in a folder."""
    kept = (".csv", ".npy", ".npz", ".kae", ".json", ".txt")
    files = sorted(path for path in folder.rglob("*") if path.suffix in kept and path.name != "figures.json")
    return {str(path.relative_to(folder)): checksum(path) for path in files}


def checksum(path: Path) -> str:
    """Of the values in a file: an archive holds times, which change."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as stored:
            content = b"".join(name.encode() + stored[name].tobytes() for name in sorted(stored.files))
    else:
        content = path.read_bytes()
    return hashlib.sha256(content).hexdigest()


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each figure with its place; sentences and what changes from run to run are left out."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in ("sentences", "sentence", "refused") and not any(
                word in key.lower() for word in CHANGING
            ):
                yield from leaves(one, f"{place}/{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, f"{place}/{number}")
    elif not isinstance(value, str) or "files" in place or "history" in place:
        yield place, value


def different(name: str, before: Any, now: Any) -> Iterator[str]:
    """A line for each figure that is not the same, is gone, or is new."""
    old, new = dict(leaves(before)), dict(leaves(now))
    for place in [*old, *(place for place in new if place not in old)]:
        one, other = old.get(place, "nothing"), new.get(place, "nothing")
        both_nan = (
            isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
        )
        if one != other and not both_nan:
            yield f"{name}{place}: {one!r} before, {other!r} now"


if __name__ == "__main__":
    main()
