"""Report on generation: what is measured, shown and said of the examples of a test split."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.applications._base import Finding
from kerasae.applications._pooled import map_shape
from kerasae.applications.generation import _sentences as sentences
from kerasae.applications.generation._attribute import Attribute, rows_without
from kerasae.applications.generation._copula import GaussianCopula
from kerasae.applications.generation._measures import (
    DECISIVE,
    FEWEST,
    Measured,
    best_precision_and_recall,
    measure_attribute,
    measure_paths,
    measure_samples,
    measure_truth,
)
from kerasae.applications.generation._page import Showcase
from kerasae.applications.generation._sampler import Sampler
from kerasae.applications.generation._space import Space
from kerasae.applications.generation._ways import Ways
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of, take
from kerasae.metrics import Metric

#: Number of paths that are measured, and number of paths on the page.
_PATHS, _SHOWN = 10, 5


@dataclasses.dataclass(frozen=True)
class Report:
    """Metrics, files, pictures and sentences of a fitted generation.

    Args:
        codec: Codec of the examples.
        sampler: Sampler of new examples.
        space: Space in which examples have distances.
        ways: Ways through the code.
        attribute: Attribute that is added to rows; `None` for none.
        copula: Copula with which samples are compared; `None` for examples that are not measurements.
        distances: Energy distances that decided the distribution of the codes, by its name.
        count: Number of samples that are written.
        path: Shape of the paths.
        steps: Number of examples on a path or a traversal.
        most: Largest number of examples for the metrics.
        seed: Seed of all random draws.
    """

    codec: Codec
    sampler: Sampler
    space: Space
    ways: Ways
    attribute: Attribute | None
    copula: GaussianCopula | None
    distances: dict[str, float]
    count: int
    path: str
    steps: int
    most: int
    seed: int

    def finding(self, data: Data, out: Path | None) -> Finding:
        """Measure, and with a folder write the files and make the page.

        Args:
            data: Data whose test split holds the examples.
            out: Folder for the files; `None` only measures.
        """
        drawn = data.test.drawn(self.most, self.seed)
        heldout = self.space.of_raw(drawn.examples)
        new = self.sampler.sample(max(len(heldout), FEWEST), self.seed + 1)
        samples = self.space.of_raw(new)
        parts = [
            Measured([Metric("drawn_from", "drawn from", self.sampler.name)]),
            measure_samples(heldout, samples[: len(heldout)], self.space.training),
        ]
        if self.copula is not None:
            parts.append(measure_truth(data.to_x(drawn.examples), data.to_x(new), self.copula, self.seed))
        paths = [self.space.of_codes(codes) for codes in self._paths(data, _PATHS)]
        parts.append(measure_paths(paths, heldout, self.space.training))
        without: Any = None
        if self.attribute is not None:
            without = rows_without(drawn, self.attribute.label)
            parts.append(self._measure_attribute(self.attribute, without))
        measured = Measured.joined(parts)
        if out is None:
            return Finding(measured.metrics, DECISIVE)
        page = self._show(data, without, out)
        if len(heldout) >= FEWEST:
            page.show_map(heldout, samples)
        said, notes = self._say(measured, heldout), self._notes(data, measured, len(heldout))
        return Finding(measured.metrics, DECISIVE, said, page.pictures, page.listings, notes)

    def _paths(self, data: Data, most: int) -> list[np.ndarray]:
        """Return the codes along at most `most` paths between examples, `(steps, latent_dim)` each."""
        codes = self.codec.transform(data.test.drawn(2 * most, self.seed).examples)
        return self.ways.paths(codes, self.steps, self.path)

    def _measure_attribute(self, attribute: Attribute, raw: Any) -> Measured:
        moved = self.codec.inverse_transform(attribute.added(self.codec.transform(raw), 1.0))
        before, after = (self.space.of_raw(rows) for rows in (raw, moved))
        return measure_attribute(attribute.label, before, after, self.space.training, attribute.near)

    def _show(self, data: Data, without: Any, out: Path) -> Showcase:
        """Write the files, and return what the page shows of them.

        Args:
            data: Data whose test split holds the examples.
            without: Raw examples to which the attribute is added.
            out: Folder for the files.
        """
        page = Showcase(data, out)
        page.show_samples(self.sampler.sample(self.count, self.seed), self.sampler.name)
        paths = self._paths(data, _SHOWN)
        between = self.codec.inverse_transform(np.concatenate(paths))
        page.show_paths(between, len(paths), self.steps, self.path)
        [code] = self.codec.transform(data.test.head(1))
        codes, keys = self.ways.traversals(code, self.steps, self.space.of_codes)
        decoded = self.codec.inverse_transform(codes)
        page.show_traversals(decoded, keys, self.steps, in_a_map=map_shape(self.codec) is not None)
        if self.attribute is not None:
            few = take(without, slice(min(_SHOWN, len(without))))
            grown, strengths = self.attribute.grown(self.codec.transform(few))
            decoded = self.codec.inverse_transform(grown)
            page.show_attribute(decoded, len(few), strengths, self.attribute.label)
        return page

    def _say(self, measured: Measured, heldout: np.ndarray) -> list[sentences.Sentence]:
        best = best_precision_and_recall(heldout, self.space.training, self.seed)
        return [
            *sentences.on_the_distribution(self.sampler.name, self.distances),
            *sentences.on_the_lack_of_rows(measured, len(heldout), len(self.space.training)),
            *sentences.on_the_samples(measured, best),
            *sentences.on_the_truth(measured),
            *([] if self.attribute is None else sentences.on_the_attribute(measured, self.attribute.label)),
        ]

    def _notes(self, data: Data, measured: Measured, heldout: int) -> list[str]:
        is_measured = kind_of(data.spec).is_measured
        paths = f"{_PATHS} {self.path} paths between rows, {self.steps} examples each"
        rows = heldout, len(self.space.training)
        said = sentences.notes(measured, *rows, self.distances, is_measured, paths)
        return said + sentences.note_on_components(self.sampler.principal_components)
