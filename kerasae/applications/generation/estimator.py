"""Generation: new examples, interpolation, traversals, attributes and augmented data."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from kerasae.applications._base import Application, Finding
from kerasae.applications._points import Points
from kerasae.applications.generation import _measures as parts
from kerasae.applications.generation._augmentation import spread_rows, towards_neighbours
from kerasae.applications.generation._choice import energy_distance
from kerasae.applications.generation._files import write_made
from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._paths import PATHS
from kerasae.applications.generation._rows import MadeRows
from kerasae.codec import Codec, HasPosterior, HasPrior
from kerasae.data import Data, Examples, Split
from kerasae.kinds import kind_of, take
from kerasae.metrics import Difference, codes_of

#: Number of samples that compare prior and mixture, and number of parts for the standard error.
_COMPARED, _PARTS = 1600, 4
#: Number of samples whose ranks decide which value of a training row a number becomes.
_REFERENCE = 4000


class Generation(Application):
    """New examples from a code, interpolation, traversals, attributes and augmented data.

    Codes are drawn from the prior of a generative model, or from a Gaussian mixture fitted on the codes, so
    that every codec can generate. Vectors and rows of tables are drawn from the likelihood; images and texts
    are its means. The numbers of a table keep the range, the decimals, the shared values and the gaps of the
    training rows. The page compares the samples with those of a Gaussian copula.

    The report writes `samples`, `interpolation`, `traversals` and, if requested, `attribute` and `augmented`.
    Tables and texts are CSV files (samples of texts are plain text). Arrays are .npy files, or .npz files
    with the examples under `x`. Images are also written as PNG files.

    Args:
        codec: Codec that maps raw examples to codes and back.
        method: Distribution from which codes are drawn: `"prior"`, N(0, I) of a generative model;
            `"mixture"`, a Gaussian mixture fitted on the codes; `"auto"`, the prior, unless samples of the
            mixture are nearer to validation rows (energy distance), which happens if the codes of real rows
            do not follow the prior. Defaults to `"auto"`.
        count: Number of samples that are written. Defaults to 64.
        components: Largest number of components of the mixture; BIC chooses among 1, 2, 4 and so on. Defaults
            to 16.
        path: Shape of interpolations: `"linear"`, or `"spherical"` around the origin of the code. Defaults to
            `"linear"`.
        steps: Number of examples on a path or a traversal, including its ends. Defaults to 9.
        attribute: Label whose direction in the code, the mean code of its rows minus that of all other rows,
            is added to rows without the label. Defaults to `None`.
        augmented: Number of rows of `augmented`, made from the given examples with their labels; 0 writes
            none. Defaults to 0.
        neighbours: Number of neighbours with the same label towards which codes are moved in augmented data,
            for a model without a posterior. Defaults to 5.
        most: Largest number of examples for the figures; more examples are subsampled. Defaults to 2000.
        seed: Seed of all random draws. Defaults to 0.

    Raises:
        ValueError: If a number is out of range, the model does not have the requested prior, or the label is
            unknown.

    Example:
        >>> new = Generation(model).fit(data).sample(16, seed=0)

    Reference: Kingma and Welling 2014, ICLR; Ghosh et al. 2020, ICLR (mixture on codes); Larsen et al. 2016,
    ICML (attributes); Kynkäänniemi et al. 2019, NeurIPS (precision and recall).
    """

    compares_codes = True
    decisive = ("precision",)

    def __init__(
        self,
        codec: Codec,
        *,
        method: Literal["auto", "prior", "mixture"] = "auto",
        count: int = 64,
        components: int = 16,
        path: Literal["linear", "spherical"] = "linear",
        steps: int = 9,
        attribute: str | int | None = None,
        augmented: int = 0,
        neighbours: int = 5,
        most: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        least = {"count": 1, "components": 1, "steps": 2, "augmented": 0, "neighbours": 1, "most": 1}
        numbers = {
            "count": count,
            "components": components,
            "steps": steps,
            "augmented": augmented,
            "neighbours": neighbours,
            "most": most,
        }
        for name, value in numbers.items():
            if value < least[name]:
                raise ValueError(f"`{name}` must be at least {least[name]}, received {value}.")
        for name, known, choice in (
            ("method", ("auto", "prior", "mixture"), method),
            ("path", (*PATHS,), path),
        ):
            if choice not in known:
                raise ValueError(f"`{name}` must be one of {', '.join(known)}, received {choice!r}.")
        self.method = method
        self.count = count
        self.components = components
        self.path = path
        self.steps = steps
        self.attribute = attribute
        self.augmented = augmented
        self.neighbours = neighbours
        self.most = most
        self.seed = seed

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        # A baseline without a prior draws from its mixture, even if the model draws from its prior.
        prior = settings.get("method") == "prior" and not _has_prior(codec)
        return settings | ({"method": "mixture"} if prior else {})

    def fit(self, data: Data) -> Self:
        """Fit the distribution of the codes on the training and the validation rows."""
        if self.method == "prior" and not _has_prior(self.codec):
            raise ValueError(
                "`method` must be auto or mixture for a model without a prior, received 'prior'; the "
                "variational family has one."
            )
        self._data, self.spec_ = data, data.spec
        self._as_points = Points().fit(data)
        learnt = [split for split in ("train", "validation") if len(data.split(split))]
        self.codes_ = np.concatenate([codes_of(self.codec, data, split) for split in learnt])
        self.near_ = data.train.drawn(self.most, self.seed)
        self.points_ = self.raw_points(self.near_.examples)
        self.mixture_: CodeMixture | None = None
        self.distances_: dict[str, float] = {}
        self._rows = MadeRows(self.codec, data, self.near_.examples, self.seed) if data.spec.columns else None
        if not _has_prior(self.codec) or self.method == "mixture":
            self._use(self._new_mixture(learnt))
        elif self.method == "auto" and len(choosing := data.with_choices().validation) >= parts.FEWEST:
            self._choose(choosing)
        else:
            self._use(None)
        self.attribute_ = np.zeros(self.codec.latent_dim, "float32")
        if self.attribute is not None:
            self.attribute_ = self._direction(data, learnt)
        return self

    def _new_mixture(self, splits: list[str]) -> CodeMixture:
        """Return a mixture fitted on the codes of some splits, or on draws of the posterior if it exists."""
        return CodeMixture(self.components, self.seed).fit(
            np.concatenate([self._aggregate(split) for split in splits])
        )

    def _aggregate(self, split: str) -> np.ndarray:
        if not isinstance(self.codec, HasPosterior):
            return codes_of(self.codec, self._data, split)
        chunks = enumerate(self._data.split(split).chunks())
        return np.concatenate([self.codec.sample_codes(raw, self.seed + part) for part, raw in chunks])

    def _choose(self, choosing: Examples) -> None:
        """Choose the prior, or the mixture if its samples are nearer to validation rows.

        It must be nearer by more than two standard errors over four parts of the samples.
        """
        heldout = self.raw_points(choosing.drawn(self.most, self.seed).examples)
        mixture = self._new_mixture(["train"])
        errors = []
        for candidate in (None, mixture):
            self._use(candidate)
            samples = self.raw_points(self.sample(_COMPARED, self.seed + 2))
            distances = [energy_distance(heldout, part) for part in np.array_split(samples, _PARTS)]
            self.distances_[self.drawn_from()] = float(np.mean(distances))
            errors.append(np.std(distances, ddof=1) / np.sqrt(_PARTS))
        prior, mixed = self.distances_.values()
        nearer = Difference(mixed - prior, float(np.hypot(*errors)))
        self._use(mixture if nearer.shown and nearer.value < 0 else None)

    def _use(self, mixture: CodeMixture | None) -> None:
        """Draw from a mixture from now on, or from the prior."""
        self.mixture_ = mixture
        if self._rows is not None:
            self._rows.fit(self._new_codes(_REFERENCE, self.seed + 3), self.seed + 3)

    def _direction(self, data: Data, learnt: list[str]) -> np.ndarray:
        parts_of_labels = [one for one in (data.split(name).labels for name in learnt) if one is not None]
        if len(parts_of_labels) < len(learnt):
            raise ValueError(
                f"`attribute` needs labels in the training data, received {self.attribute!r} and no labels."
            )
        labels = np.concatenate(parts_of_labels).astype(str)
        chosen = labels == str(self.attribute)
        if not chosen.any() or chosen.all():
            known = np.unique(labels)
            shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise ValueError(f"`attribute` must be one of the labels {shown}, received {self.attribute!r}.")
        return self.codes_[chosen].mean(axis=0) - self.codes_[~chosen].mean(axis=0)

    # New examples --------------------------------------------------------------------------------

    def drawn_from(self) -> str:
        """Return the distribution from which samples are drawn, in words."""
        return "prior" if self.mixture_ is None else f"mixture of {self.mixture_.components}"

    def sample(self, n: int, seed: int = 0) -> Any:
        """Draw new raw examples, `(n, ...)`."""
        if self.mixture_ is None and self._rows is None:
            return self.codec.sample(n, seed)  # type: ignore[attr-defined]
        return self._realised(self._new_codes(n, seed), seed)

    def _new_codes(self, n: int, seed: int) -> np.ndarray:
        if self.mixture_ is not None:
            return self.mixture_.sample(n, seed)
        return np.random.default_rng(seed).normal(size=(n, self.codec.latent_dim)).astype("float32")

    def _realised(self, codes: np.ndarray, seed: int) -> Any:
        """Return new raw examples for codes; rows of measurements are drawn from the likelihood."""
        if self._rows is not None:
            return self._rows.frame(codes, seed)
        realise = getattr(self.codec, "realise", None)
        return self.codec.inverse_transform(codes) if realise is None else realise(codes, seed)

    def augment(
        self, raw: Any, n: int, seed: int = 0, labels: np.ndarray | None = None
    ) -> tuple[Any, np.ndarray | None]:
        """Return `n` new raw examples similar to given ones, and their labels.

        Each row gives `n / rows` new ones, rounded up or down, and the share of each label is kept to within
        one row. A code is drawn from the posterior of the row if the model has one. Otherwise it is moved
        towards a neighbour with the same label.

        Args:
            raw: Raw examples, `(rows, ...)`.
            n: Number of new examples.
            seed: Seed of the draws.
            labels: Labels of `raw`, `(rows,)`.
        """
        rows = spread_rows(labels, len(raw), n, seed)
        carried = None if labels is None else labels[rows]
        if isinstance(self.codec, HasPosterior):
            return self._realised(self.codec.sample_codes(take(raw, rows), seed), seed), carried
        codes = towards_neighbours(self.codec.transform(raw), labels, rows, self.neighbours, seed)
        return self._realised(codes, seed), carried

    # Ways through the code -----------------------------------------------------------------------

    def interpolate(self, a: Any, b: Any, steps: int | None = None, path: str | None = None) -> Any:
        """Return raw examples, `(steps, ...)`, on the path between two; the ends are their reconstructions.

        Args:
            a: First raw example, `(1, ...)`.
            b: Second raw example, `(1, ...)`.
            steps: Number of examples on the path. Defaults to `None`, that of the constructor.
            path: Shape of the path, `"linear"` or `"spherical"`. Defaults to `None`, that of the constructor.
        """
        first, last = (self.codec.transform(example)[0] for example in (a, b))
        return self.codec.inverse_transform(self.path_between(first, last, steps, path))

    def path_between(
        self, a: np.ndarray, b: np.ndarray, steps: int | None = None, path: str | None = None
    ) -> np.ndarray:
        """Return codes, `(steps, latent_dim)`, between two codes, `(latent_dim,)`; see `interpolate`."""
        return PATHS[path or self.path](a, b, steps or self.steps)

    def traverse(self, raw: Any, dimension: int, steps: int | None = None) -> Any:
        """Vary one number of the code of a raw example, `(1, ...)`, from its 1st to its 99th percentile."""
        return self.codec.inverse_transform(self._traversal(self.codec.transform(raw)[0], dimension, steps))

    def _traversal(self, code: np.ndarray, dimension: int, steps: int | None = None) -> np.ndarray:
        codes = np.tile(code, (steps or self.steps, 1))
        low, high = np.percentile(self.codes_[:, dimension], (1, 99))
        codes[:, dimension] = np.linspace(low, high, len(codes))
        return codes

    def traversals(self, raw: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the codes of the traversals of all dimensions and their keys, the largest change first."""
        code = self.codec.transform(raw)[0]
        paths = [self._traversal(code, number) for number in range(len(code))]
        moved = [np.linalg.norm(np.diff(self.points_of(codes), axis=0), axis=1).sum() for codes in paths]
        order = np.argsort(moved, kind="stable")[::-1]
        keys = {
            "z": np.repeat(order, self.steps),
            "value": np.concatenate([paths[number][:, number] for number in order]),
        }
        return np.concatenate([paths[number] for number in order]), keys

    def add_attribute(self, raw: Any, strength: float = 1.0) -> Any:
        """Decode raw examples after the direction of `attribute` is added to their codes."""
        return self.codec.inverse_transform(
            self.codec.transform(raw) + np.float32(strength) * self.attribute_
        )

    # Distances -----------------------------------------------------------------------------------

    def raw_points(self, raw: Any) -> np.ndarray:
        """Return raw examples as points with meaningful distances, `(rows, features)`."""
        return self._as_points.of(self._data, Split(raw))

    def points_of(self, codes: np.ndarray) -> np.ndarray:
        """Return decoded codes as such points, before any rounding to the raw type."""
        if self._data.spec.vocabulary:
            return self.raw_points(self.codec.inverse_transform(codes))
        x = np.asarray(self.codec.decode(codes))
        return kind_of(self._data.spec).points(x)

    def report(self, data: Data, out: Path | None) -> Finding:
        drawn = data.test.drawn(self.most, self.seed)
        heldout = self.raw_points(drawn.examples)
        new = self.sample(max(len(heldout), parts.FEWEST), self.seed + 1)
        samples = self.raw_points(new)
        shown: dict[str, Any] = {"drawn from": self.drawn_from()}
        measured, beside = parts.measure_samples(self, heldout, samples[: len(heldout)])
        shown |= measured
        if kind_of(data.spec).is_measured:
            measured, rows_measured = parts.measure_truth(self, data, drawn.examples, new)
            shown |= measured
            beside |= rows_measured
        shown |= parts.measure_paths(self, data, heldout)
        without = None
        if self.attribute is not None:
            measured, rows_measured, without = parts.measure_attribute(self, drawn)
            shown |= measured
            beside |= rows_measured
        better = {"precision": False, "recall": False, "step ratio": True, parts.TOLD: True}
        better |= dict.fromkeys([name for name in shown if name.endswith(", after")], False)
        by_row = parts.real_looking(heldout, samples[: len(heldout)])
        if out is None:
            return Finding.of_headings(shown, better, rows=by_row, decisive=self.decisive)
        pictures, listings = parts.made_parts(self, data, out)
        if without is not None:
            more = parts.attribute_parts(self, data, without, out)
            pictures, listings = [*pictures, *more[0]], [*listings, *more[1]]
        if self.augmented:
            new, labels = self.augment(data.test.examples, self.augmented, self.seed, data.test.labels)
            keys = {} if labels is None else {"y": labels}
            write_made(out, "augmented", new, keys, data.spec.columns)
        if len(heldout) >= parts.FEWEST:
            pictures.append(parts.sample_map(heldout, samples))
        best = parts.reference(self, heldout)
        return Finding.of_headings(
            shown,
            better,
            parts.sentences(shown, beside, best, self.distances_),
            pictures,
            listings,
            parts.notes(self, len(heldout)),
            rows=by_row,
            decisive=self.decisive,
        )


def _has_prior(codec: Any) -> bool:
    """Return whether codes can be drawn from N(0, I)."""
    return isinstance(codec, HasPrior)
