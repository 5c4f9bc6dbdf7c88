"""find_file and first_precision: the file of a bundle that scores."""

import contextlib
from pathlib import Path

from kerasae.export.bundles.settling import settle
from kerasae.export.file_formats import BUNDLE_FORMAT
from kerasae.export.verify_edge import check_files, read_manifest

from kerasae.files import unnumbered
from kerasae.precisions import PRECISIONS, Precision
from kerasae.remote import fetched

#: Formats of files that can score, the preferred one first.
_FORMATS = ("tflite", "single")


def find_file(bundle: str | Path, precision: Precision = "float32") -> Path:
    """Return the `.tflite` file of a bundle in a precision, after a comparison with its checksum.

    A bundle whose publishing was killed is put back first.

    Args:
        bundle: Folder of a bundle, its address, or a `.tflite` file, which is returned.
        precision: Precision of the file. Defaults to `"float32"`.

    Raises:
        FileNotFoundError: If there is no such bundle, or no such file in it.
        ValueError: If the manifest or the file was changed since the export, or a newer kerasae wrote it; or
            if a precision is chosen for a `.tflite` file, which has one.
    """
    root = fetched(bundle)
    if root.is_file():
        if precision != "float32":
            raise ValueError(
                f"Expected a bundle for --precision {precision}, received the file {bundle}, which has a "
                "precision of its own; leave --precision out, or name the folder of the bundle."
            )
        return root
    settle(root)
    if not (root / "manifest.json").is_file():
        raise FileNotFoundError(
            f"Expected an export bundle (manifest.json) or a .tflite file at {bundle}, found none; "
            "`kerasae export` makes one."
        )
    try:
        manifest = read_manifest(root / "manifest.json")
    except ValueError as error:
        raise ValueError(f"Expected a bundle in {root} as it was written: manifest.json {error}.") from None
    artifacts = unnumbered(manifest, BUNDLE_FORMAT, root / "manifest.json")["artifacts"]
    for name in _FORMATS:
        for one in artifacts:
            if one["format"] == name and one["precision"] == precision and _scores(one):
                if faults := check_files(root, one["files"]):
                    raise ValueError(f"Expected a bundle in {root} as it was written: {faults[0]}.")
                return root / one["path"]
    there = sorted({one["precision"] for one in artifacts if one["format"] in _FORMATS})
    received = (
        f"{' and '.join(there)}; choose with --precision" if there else "none; export with --format tflite"
    )
    raise FileNotFoundError(f"Expected a .tflite file in {precision} in {root}, found {received}.")


def first_precision(bundle: str | Path) -> Precision:
    """Return float32, or the first precision of a bundle that has a file to score.

    Args:
        bundle: Folder of a bundle, or its address.

    Raises:
        FileNotFoundError: If there is no such bundle, or no file in it that scores.
        ValueError: As for `find_file`.
    """
    for precision in PRECISIONS:
        with contextlib.suppress(FileNotFoundError):
            find_file(bundle, precision)
            return precision
    find_file(bundle)
    return "float32"


def _scores(artifact: dict[str, dict[str, object]]) -> bool:
    return not {"detect", "anomaly_score"}.isdisjoint(artifact["signatures"])
