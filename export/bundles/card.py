"""The model card of a bundle: what it contains, how well it agrees with the model, how to call it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from kerasae.export.bundles.larger import larger_than_float32
from kerasae.export.deployments import Deployment
from kerasae.export.parity import Parity

from kerasae import registry

#: Largest number of columns that the card lists.
_COLUMNS = 100
_TEMPLATES = Path(__file__).parent


def write_card(
    path: Path,
    manifest: dict[str, Any],
    parity: dict[str, Any],
    deployments: Sequence[Deployment] = (),
) -> None:
    """Write the card as Markdown. Each format adds a section.

    Args:
        path: Path of the card, in the folder of the bundle.
        manifest: Manifest of the bundle.
        parity: Content of `parity.json`: measures by the path of the artifact.
        deployments: Ways to start a server, whose commands the card shows. Defaults to `()`.
    """
    artifacts = [{**one, "summary": Parity(**parity[one["path"]]).summary()} for one in manifest["artifacts"]]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = _cell
    shared = {
        "manifest": manifest,
        "kind": registry.resolve("kind", manifest["model"]["kind"]),
        "describe": _describe,
        "vocabulary": (path.parent / "edge" / "vocabulary.json").is_file(),
        "most_columns": _COLUMNS,
        "larger": larger_than_float32(artifacts),
    }
    sections = []
    for name in registry.names("export"):
        mine = [one for one in artifacts if one["format"] == name]
        member: Any = registry.resolve("export", name)
        if mine and member.card is not None:
            section = environment.from_string(member.card.read_text(encoding="utf-8"))
            sections.append(section.render(shared, artifacts=mine).strip())
    template = environment.get_template("card.md.jinja")
    text = template.render(shared, artifacts=artifacts, sections=sections, deployments=deployments)
    path.write_text(text, encoding="utf-8")


def _describe(side: dict[str, Any], most: int = 6) -> str:
    """Return the inputs or the outputs of a signature as one line."""
    shown = [f"`{name}` {one['dtype']}[{_lengths(one['shape'])}]" for name, one in side.items()]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def _lengths(shape: list[int | None]) -> str:
    # Lengths that are free are the number of rows and, of an image of any size, height and width.
    return ", ".join(("any" if place else "batch") if n is None else str(n) for place, n in enumerate(shape))


def _cell(text: str) -> str:
    """Return a text of a user, escaped for a cell of a Markdown table."""
    shown = re.sub(r"([\\`*_{}\[\]<>()#+!|~$&-])", r"\\\1", " ".join(text.split()))
    return shown or "&nbsp;"
