"""recorded_fingerprint: the model of an artifact, as the manifest of its bundle records it."""

from pathlib import Path

from kerasae.export.file_formats import BUNDLE_FORMAT
from kerasae.export.verify_edge import check_manifest

from kerasae.files import read_json, unnumbered

#: Number of folders above an artifact in which the manifest of its bundle can be: `server/NAME/1`.
_LEVELS = 3


def recorded_fingerprint(path: Path) -> str:
    """Return the fingerprint of the model that an artifact was exported from.

    Args:
        path: Path of the artifact.

    Returns:
        The fingerprint; an empty string if the artifact is in no bundle.

    Raises:
        NewerFormatError: If a newer kerasae wrote the bundle.
    """
    for root in path.absolute().parents[:_LEVELS]:
        manifest = root / "manifest.json"
        if manifest.is_file():
            values = read_json(manifest)
            try:
                check_manifest(values)
            except ValueError:
                # It belongs to another tool.
                continue
            unnumbered(values, BUNDLE_FORMAT, manifest)
            entries = [one for one in values["artifacts"] if (root / one["path"]).resolve() == path.resolve()]
            return str(entries[0].get("model", "")) if entries else ""
    return ""
