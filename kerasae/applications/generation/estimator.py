"""Generation: new examples, the ways between two, and what each number of a code does."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from kerasae.applications._base import Application, Finding
from kerasae.applications._points import as_points
from kerasae.applications.generation import _report as parts
from kerasae.applications.generation._augmentation import spread_rows, towards_neighbours
from kerasae.applications.generation._choice import energy_distance
from kerasae.applications.generation._files import write_made
from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._paths import PATHS
from kerasae.applications.generation._rows import MadeRows
from kerasae.codec import Codec
from kerasae.data import Data, Examples, Split
from kerasae.evaluation import Difference, codes_of
from kerasae.kinds import kind_of, take

#: Made rows by which the prior and the mixture are compared, and the parts that say how sure that is.
_COMPARED, _PARTS = 1600, 4
#: Made rows whose ranks say which value of a training row a number becomes.
_REFERENCE = 4000


class Generation(Application):
    """New examples from a code, interpolation, traversals, attributes and augmented data.

    Samples come from the prior of a generative model, or from a Gaussian mixture fitted on the codes, so
    that every codec can generate. Vectors and rows of tables are drawn from the likelihood; images and
    texts are its means. The numbers of a table keep the range, the decimals, the shared values and the
    gaps of the training rows. A Gaussian copula stands beside them on the page.

    Writes `samples`, `interpolation`, `traversals` and, when asked, `attribute` and `augmented`: tables and
    texts as CSV (samples of texts as text), arrays as .npy or .npz with the examples under `x`, images as
    PNG too.

    Args:
        codec: from raw examples to codes and back.
        method: from where codes are drawn: `"prior"`, N(0, I) of a generative model; `"mixture"`, a Gaussian
            mixture on the codes; `"auto"`, the prior, unless the mixture comes nearer to validation rows
            (energy distance), as it does where the codes of real rows do not lie as the prior does.
        count: samples to write.
        components: of the mixture at most; the number is chosen by BIC among 1, 2, 4 and so on.
        path: of interpolations: `"linear"`, or `"spherical"` around the origin of the code.
        steps: examples on a path or a traversal, its ends among them.
        attribute: a label; what makes its rows differ, the mean of their codes minus that of all others, is
            added to rows without it.
        augmented: how many rows `augmented` gets, made from the examples given, labels carried along; 0 for
            none.
        neighbours: of the same label, towards which codes are moved in augmented data, where the model has no
            posterior to draw from.
        most: examples that the figures look at, at most; drawn by the seed where there are more.
        seed: of everything that is drawn.

    Raises:
        ValueError: for a number out of range, a prior that the model does not have, or an unknown label.

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
        given = {
            "count": count,
            "components": components,
            "steps": steps,
            "augmented": augmented,
            "neighbours": neighbours,
            "most": most,
        }
        for name, value in given.items():
            if value < least[name]:
                raise ValueError(f"`{name}` must be at least {least[name]}, received {value}.")
        for name, known, one in (("method", ("auto", "prior", "mixture"), method), ("path", (*PATHS,), path)):
            if one not in known:
                raise ValueError(f"`{name}` must be one of {', '.join(known)}, received {one!r}.")
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
        # A baseline without a prior draws from its mixture beside a model that has one.
        prior = settings.get("method") == "prior" and not _has_prior(codec)
        return settings | ({"method": "mixture"} if prior else {})

    def fit(self, data: Data) -> Self:
        """Looks at the codes of the training and the validation rows."""
        if self.method == "prior" and not _has_prior(self.codec):
            raise ValueError(
                "`method` must be auto or mixture for a model without a prior, received 'prior'; the "
                "variational family has one."
            )
        self._data, self.spec_ = data, data.spec
        learnt = [split for split in ("train", "validation") if len(data.split(split))]
        self.codes_ = np.concatenate([codes_of(self.codec, data, split) for split in learnt])
        self.near_ = data.train.drawn(self.most, self.seed)
        self.points_ = self.raw_points(self.near_.examples)
        self.mixture_: CodeMixture | None = None
        self.distances_: dict[str, float] = {}
        self._rows = MadeRows(self.codec, data, self.near_.examples, self.seed) if _is_table(data) else None
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
        """A mixture on codes of some splits: draws of the posterior where there is one."""
        return CodeMixture(self.components, self.seed).fit(
            np.concatenate([self._aggregate(split) for split in splits])
        )

    def _aggregate(self, split: str) -> np.ndarray:
        if not _has_prior(self.codec) or not hasattr(self.codec, "sample_codes"):
            return codes_of(self.codec, self._data, split)
        chunks = enumerate(self._data.split(split).chunks())
        return np.concatenate([self.codec.sample_codes(raw, self.seed + part) for part, raw in chunks])

    def _choose(self, choosing: Examples) -> None:
        """Takes the prior, or the mixture where what is drawn from it is nearer to validation rows.

        Nearer by more than two standard errors over four parts of the rows made.
        """
        heldout = self.raw_points(choosing.drawn(self.most, self.seed).examples)
        mixture = self._new_mixture(["train"])
        errors = []
        for candidate in (None, mixture):
            self._use(candidate)
            made = self.raw_points(self.sample(_COMPARED, self.seed + 2))
            found = [energy_distance(heldout, part) for part in np.array_split(made, _PARTS)]
            self.distances_[self.drawn_from()] = float(np.mean(found))
            errors.append(np.std(found, ddof=1) / np.sqrt(_PARTS))
        prior, mixed = self.distances_.values()
        nearer = Difference(mixed - prior, float(np.hypot(*errors)))
        self._use(mixture if nearer.shown and nearer.value < 0 else None)

    def _use(self, mixture: CodeMixture | None) -> None:
        """Draws from a mixture from now on, or from the prior."""
        self.mixture_ = mixture
        if self._rows is not None:
            self._rows.fit(self._new_codes(_REFERENCE, self.seed + 3), self.seed + 3)

    def _direction(self, data: Data, learnt: list[str]) -> np.ndarray:
        found = [one for one in (data.split(name).labels for name in learnt) if one is not None]
        if len(found) < len(learnt):
            raise ValueError(
                f"`attribute` needs labels in the training data, received {self.attribute!r} and no labels."
            )
        labels = np.concatenate(found).astype(str)
        chosen = labels == str(self.attribute)
        if not chosen.any() or chosen.all():
            known = np.unique(labels)
            shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise ValueError(f"`attribute` must be one of the labels {shown}, received {self.attribute!r}.")
        return self.codes_[chosen].mean(axis=0) - self.codes_[~chosen].mean(axis=0)

    # New examples --------------------------------------------------------------------------------

    def drawn_from(self) -> str:
        """Where samples come from, in words."""
        return "prior" if self.mixture_ is None else f"mixture of {self.mixture_.components}"

    def sample(self, n: int, seed: int = 0) -> Any:
        """New raw examples `(n, ...)`."""
        if self.mixture_ is None and self._rows is None:
            return self.codec.sample(n, seed)  # type: ignore[attr-defined]
        return self._realised(self._new_codes(n, seed), seed)

    def _new_codes(self, n: int, seed: int) -> np.ndarray:
        if self.mixture_ is not None:
            return self.mixture_.sample(n, seed)
        return np.random.default_rng(seed).normal(size=(n, self.codec.latent_dim)).astype("float32")

    def _realised(self, codes: np.ndarray, seed: int) -> Any:
        """New raw examples for codes; drawn from the likelihood where an example is a row of measurements."""
        if self._rows is not None:
            return self._rows.frame(codes, seed)
        realise = getattr(self.codec, "realise", None)
        return self.codec.inverse_transform(codes) if realise is None else realise(codes, seed)

    def augment(
        self, raw: Any, n: int, seed: int = 0, labels: np.ndarray | None = None
    ) -> tuple[Any, np.ndarray | None]:
        """`n` new raw examples near given ones, and their labels.

        Each row gives `n / rows` new ones, rounded up or down, and each label keeps its share to within one
        row. A code is a draw of the row's posterior where the model has one, otherwise it is moved towards a
        neighbour of the same label.

        Args:
            raw: examples `(rows, ...)`.
            n: how many to make.
            seed: of the draws.
            labels: of `raw`, `(rows,)`.
        """
        rows = spread_rows(labels, len(raw), n, seed)
        carried = None if labels is None else labels[rows]
        if _has_prior(self.codec) and hasattr(self.codec, "sample_codes"):
            return self._realised(self.codec.sample_codes(take(raw, rows), seed), seed), carried
        codes = towards_neighbours(self.codec.transform(raw), labels, rows, self.neighbours, seed)
        return self._realised(codes, seed), carried

    # Ways through the code -----------------------------------------------------------------------

    def interpolate(self, a: Any, b: Any, steps: int | None = None, path: str | None = None) -> Any:
        """Raw examples `(steps, ...)` on the path between two; the ends are their reconstructions.

        Args:
            a: one raw example, `(1, ...)`.
            b: another.
            steps: examples on the path; those of the constructor by default.
            path: `"linear"` or `"spherical"`; that of the constructor by default.
        """
        first, last = (self.codec.transform(one)[0] for one in (a, b))
        return self.codec.inverse_transform(self.path_between(first, last, steps, path))

    def path_between(
        self, a: np.ndarray, b: np.ndarray, steps: int | None = None, path: str | None = None
    ) -> np.ndarray:
        """Codes `(steps, latent_dim)` between two codes `(latent_dim,)`; as for `interpolate`."""
        return PATHS[path or self.path](a, b, steps or self.steps)

    def traverse(self, raw: Any, dimension: int, steps: int | None = None) -> Any:
        """One raw example `(1, ...)` with one number of its code from its 1st to its 99th percentile."""
        return self.codec.inverse_transform(self._traversal(self.codec.transform(raw)[0], dimension, steps))

    def _traversal(self, code: np.ndarray, dimension: int, steps: int | None = None) -> np.ndarray:
        codes = np.tile(code, (steps or self.steps, 1))
        low, high = np.percentile(self.codes_[:, dimension], (1, 99))
        codes[:, dimension] = np.linspace(low, high, len(codes))
        return codes

    def traversals(self, raw: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Codes of the traversals of all dimensions and their keys; what changes most comes first."""
        code = self.codec.transform(raw)[0]
        found = [self._traversal(code, number) for number in range(len(code))]
        moved = [np.linalg.norm(np.diff(self.points_of(one), axis=0), axis=1).sum() for one in found]
        order = np.argsort(moved, kind="stable")[::-1]
        keys = {
            "z": np.repeat(order, self.steps),
            "value": np.concatenate([found[number][:, number] for number in order]),
        }
        return np.concatenate([found[number] for number in order]), keys

    def add_attribute(self, raw: Any, strength: float = 1.0) -> Any:
        """Raw examples with what makes rows of `attribute` differ added to their codes."""
        return self.codec.inverse_transform(
            self.codec.transform(raw) + np.float32(strength) * self.attribute_
        )

    # Distances -----------------------------------------------------------------------------------

    def raw_points(self, raw: Any) -> np.ndarray:
        """Raw examples as points whose distances mean something, `(rows, features)`."""
        return as_points(self._data, Split(raw))

    def points_of(self, codes: np.ndarray) -> np.ndarray:
        """What codes stand for as such points, before any rounding to the raw type."""
        if self._data.spec.vocabulary:
            return self.raw_points(self.codec.inverse_transform(codes))
        x = np.asarray(self.codec.decode(codes))
        return kind_of(self._data.spec).points(x)

    def report(self, data: Data, out: Path | None) -> Finding:
        own = data.test.drawn(self.most, self.seed)
        heldout = self.raw_points(own.examples)
        made = self.sample(max(len(heldout), parts.FEWEST), self.seed + 1)
        samples = self.raw_points(made)
        found: dict[str, Any] = {"drawn from": self.drawn_from()}
        measured, beside = parts.measure_samples(self, heldout, samples[: len(heldout)])
        found |= measured
        if kind_of(data.spec).is_measured:
            measured, told = parts.measure_truth(self, data, own.examples, made)
            found |= measured
            beside |= told
        found |= parts.measure_paths(self, data, heldout)
        without = None
        if self.attribute is not None:
            measured, told, without = parts.measure_attribute(self, own)
            found |= measured
            beside |= told
        better = {"precision": False, "recall": False, "step ratio": True, parts.TOLD: True}
        better |= dict.fromkeys([name for name in found if name.endswith(", after")], False)
        by_row = parts.real_looking(heldout, samples[: len(heldout)])
        if out is None:
            return Finding(found, better, rows=by_row)
        pictures, listings = parts.made_parts(self, data, out)
        if without is not None:
            more = parts.attribute_parts(self, data, without, out)
            pictures, listings = [*pictures, *more[0]], [*listings, *more[1]]
        if self.augmented:
            made, labels = self.augment(data.test.examples, self.augmented, self.seed, data.test.labels)
            keys = {} if labels is None else {"y": labels}
            write_made(out, "augmented", made, keys, data.spec.columns)
        if len(heldout) >= parts.FEWEST:
            pictures.append(parts.sample_map(heldout, samples))
        best = parts.reference(self, heldout)
        return Finding(
            found,
            better,
            parts.sentences(found, beside, best, self.distances_),
            pictures,
            listings,
            parts.notes(self, len(heldout)),
            rows=by_row,
        )


def _is_table(data: Data) -> bool:
    return bool(data.spec.columns)


def _has_prior(codec: Any) -> bool:
    """Whether codes can be drawn from N(0, I)."""
    return bool(getattr(codec, "generative", False)) and hasattr(codec, "sample")
