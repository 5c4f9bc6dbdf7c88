"""The model card of a bundle: what it is, how to call it, how well it agrees."""

import re
from pathlib import Path
from typing import Any

import jinja2

from kerasae import registry

#: Columns of a table that the card lists.
_COLUMNS = 100
_TEMPLATE = Path(__file__).parent / "card.md.jinja"


def write_card(path: Path, manifest: dict[str, Any], parity: dict[str, Any]) -> None:
    """Writes the card as Markdown.

    Args:
        path: of the file.
        manifest: of the bundle.
        parity: by artifact.
    """
    artifacts = [{**one, "summary": summary(parity[one["path"]])} for one in manifest["artifacts"]]
    server = [one for one in artifacts if one["format"] == "saved_model"]
    edge = [one for one in artifacts if one["format"] == "tflite"]
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["cell"] = _cell
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    sections = []
    for name in registry.names("export"):
        # A format may bring a section of its own.
        own = registry.source_of("export", name).with_name("card.md.jinja")
        mine = [one for one in artifacts if one["format"] == name]
        if mine and own.is_file():
            section = environment.from_string(own.read_text(encoding="utf-8"))
            sections.append(section.render(manifest=manifest, artifacts=mine, describe=_describe).strip())
    path.write_text(
        template.render(
            manifest=manifest,
            artifacts=artifacts,
            server=server[-1] if server else None,
            edge=edge[0] if edge else None,
            describe=_describe,
            sections=sections,
            vocabulary=(path.parent / "edge" / "vocabulary.json").is_file(),
            most_columns=_COLUMNS,
        ),
        encoding="utf-8",
    )


def _describe(side: dict[str, Any], most: int = 6) -> str:
    """Inputs or outputs of a signature in a line."""
    found = [
        f"`{name}` {one['dtype']}[{', '.join('batch' if n is None else str(n) for n in one['shape'])}]"
        for name, one in side.items()
    ]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


def _cell(text: str) -> str:
    """A user's text as it is written, in a cell of a Markdown table."""
    shown = re.sub(r"([\\`*_{}\[\]<>()#+!|~$&-])", r"\\\1", " ".join(text.split()))
    return shown or "&nbsp;"


def summary(parity: dict[str, Any]) -> dict[str, float]:
    """The worst of all outputs, and the measures of use, of one artifact."""
    found: dict[str, float] = {}
    for name, worst in (("max_deviation", max), ("mean_deviation", max), ("agreement", min)):
        values = [one[name] for one in parity["outputs"] if name in one]
        if values:
            found[name] = worst(values)
    return {**found, **parity["use"]}
