"""The result of an export in the terminal."""

import json
from typing import TYPE_CHECKING

from kerasae.cli._output import console, print_paths, print_table, typed
from kerasae.cli._results import echo

if TYPE_CHECKING:
    from kerasae.workflows import Exported


def print_exported(exported: "Exported", as_json: bool) -> None:
    """Print the artifacts and how well they agree, or the manifest as JSON."""
    if as_json:
        echo(json.dumps(exported.manifest, indent=2))
        return
    print_table(exported.headings, exported.table(), exported.title)
    console().print(exported.note, style="dim")
    for remark in exported.remarks:
        console().print(remark, soft_wrap=True)
    from kerasae.remote import shown

    bundle, card = (shown(str(path)) for path in (exported.folder, exported.folder / "README.md"))
    print_paths(Bundle=bundle, Card=card, **exported.logged)
    console().print(f"{typed('kerasae', 'verify', bundle)} repeats the comparison", soft_wrap=True)
