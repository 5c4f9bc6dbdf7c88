"""Generation: new examples, interpolation, traversals, attributes and augmented data."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from kerasae.applications._arguments import check_at_least, check_choices
from kerasae.applications._base import Application, Finding
from kerasae.applications._examples import LEARNT
from kerasae.applications._pictures import spec_with_range
from kerasae.applications._pooled import map_shape
from kerasae.applications.generation._attribute import Attribute
from kerasae.applications.generation._augmentation import codes_near, spread_rows
from kerasae.applications.generation._choice import choose
from kerasae.applications.generation._copula import GaussianCopula
from kerasae.applications.generation._files import write_made
from kerasae.applications.generation._paths import PATHS
from kerasae.applications.generation._report import Report
from kerasae.applications.generation._rows import MadeRows
from kerasae.applications.generation._sampler import Sampler
from kerasae.applications.generation._space import Space
from kerasae.applications.generation._ways import Ways
from kerasae.codec import Codec, HasPrior
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import codes_of
from kerasae.spec import Spec


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

    Attributes:
        space_: Space in which examples and decoded codes are points with distances.
        ways_: Paths and traversals through the code.
        attribute_: Direction of `attribute`; `None` without one.
        distances_: Energy distance of samples from validation rows, by distribution; empty without a choice.

    Raises:
        ValueError: If a number is out of range, the model does not have the requested prior, or the label is
            unknown.

    Example:
        >>> from kerasae.applications import Generation
        >>> new = Generation(model).fit(data).sample(16, seed=0)

    Reference: Kingma and Welling 2014, ICLR; Ghosh et al. 2020, ICLR (mixture on codes); Larsen et al. 2016,
    ICML (attributes); Kynkäänniemi et al. 2019, NeurIPS (precision and recall).
    """

    spec_: Spec
    space_: Space
    distances_: dict[str, float]
    ways_: Ways

    compares_codes = True
    only_reported: ClassVar[tuple[str, ...]] = ("count", "path", "steps", "augmented", "neighbours")

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
        check_at_least(1, count=count, components=components, neighbours=neighbours, most=most)
        check_at_least(2, steps=steps)
        check_at_least(0, augmented=augmented)
        check_choices(("auto", "prior", "mixture"), method=method)
        check_choices(PATHS, path=path)
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
        prior = settings.get("method") == "prior" and not isinstance(codec, HasPrior)
        return settings | ({"method": "mixture"} if prior else {})

    def fit(self, data: Data) -> Self:
        """Fit the distribution of the codes on the training and the validation rows."""
        if self.method == "prior" and not isinstance(self.codec, HasPrior):
            raise ValueError(
                "`method` must be auto or mixture for a model without a prior, received 'prior'; the "
                "variational family has one."
            )
        self.spec_ = spec_with_range(data)
        near = data.train.drawn(self.most, self.seed)
        self.space_ = Space(self.codec, data.spec).fit(data, near)
        rows = MadeRows(self.codec, data, near.examples, self.seed) if data.spec.columns else None
        self._sampler = Sampler(self.codec, rows)
        arguments = self.method, self.components, self.most, self.seed
        self.distances_ = choose(self._sampler, self.codec, data, self.space_, *arguments)
        learnt = [split for split in LEARNT if len(data.split(split))]
        codes = np.concatenate([codes_of(self.codec, data, split) for split in learnt])
        shape = map_shape(self.codec)
        self.ways_ = Ways.of_codes(codes, None if shape is None else shape[-1])
        self.attribute_: Attribute | None = None
        if self.attribute is not None:
            labels = [data.split(split).labels for split in learnt]
            self.attribute_ = Attribute.of(self.attribute, codes, labels, near.labels)
        self._copula: GaussianCopula | None = None
        if kind_of(data.spec).is_measured:
            few = data.drawn("train", self.most, self.seed)
            self._copula = GaussianCopula(self.seed).fit(few.x("train").reshape(len(few.train), -1))
        return self

    # New examples --------------------------------------------------------------------------------

    def drawn_from(self) -> str:
        """Return the distribution from which samples are drawn, in words."""
        return self._sampler.name

    def sample(self, n: int, seed: int = 0) -> Any:
        """Draw new raw examples, `(n, ...)`."""
        return self._sampler.sample(n, seed)

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
        codes = codes_near(self.codec, raw, labels, rows, self.neighbours, seed)
        return self._sampler.realise(codes, seed), None if labels is None else labels[rows]

    # Ways through the code -----------------------------------------------------------------------

    def interpolate(self, a: Any, b: Any, steps: int | None = None, path: str | None = None) -> Any:
        """Return raw examples, `(steps, ...)`, on the path between two; the ends are their reconstructions.

        Args:
            a: First raw example, `(1, ...)`.
            b: Second raw example, `(1, ...)`.
            steps: Number of examples on the path. Defaults to `None`, that of the constructor.
            path: Shape of the path, `"linear"` or `"spherical"`. Defaults to `None`, that of the constructor.
        """
        codes = np.concatenate([self.codec.transform(example) for example in (a, b)])
        [codes] = self.ways_.paths(codes, steps or self.steps, path or self.path)
        return self.codec.inverse_transform(codes)

    def traverse(self, raw: Any, dimension: int, steps: int | None = None) -> Any:
        """Vary one channel of the code of a raw example, `(1, ...)`, from its 1st to its 99th percentile."""
        [code] = self.codec.transform(raw)
        return self.codec.inverse_transform(self.ways_.traversal(code, dimension, steps or self.steps))

    def add_attribute(self, raw: Any, strength: float = 1.0) -> Any:
        """Decode raw examples after the direction of `attribute` is added to their codes."""
        if self.attribute_ is None:
            raise ValueError("`attribute` must be a label of the training rows to be added, received None.")
        return self.codec.inverse_transform(self.attribute_.added(self.codec.transform(raw), strength))

    # The command ---------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        # Pictures have the range of the training images, which may be gone.
        data = dataclasses.replace(data, spec=self.spec_)
        finding = Report(
            self.codec,
            self._sampler,
            self.space_,
            self.ways_,
            self.attribute_,
            self._copula,
            self.distances_,
            count=self.count,
            path=self.path,
            steps=self.steps,
            most=self.most,
            seed=self.seed,
        ).finding(data, out)
        if out is not None and self.augmented:
            new, labels = self.augment(data.test.examples, self.augmented, self.seed, data.test.labels)
            write_made(out, "augmented", new, {} if labels is None else {"y": labels}, data.spec)
        return finding

    def state(self) -> dict[str, Any]:
        return {
            "space": self.space_.state(),
            "sampler": self._sampler.state(),
            "distances": [[name, distance] for name, distance in self.distances_.items()],
            "ways": self.ways_.state(),
            "attribute": None if self.attribute_ is None else self.attribute_.state(),
            "copula": None if self._copula is None else self._copula.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self.space_ = Space.of_state(state["space"], self.codec, self.spec_)
        self._sampler = Sampler.of_state(state["sampler"], self.codec)
        self.distances_ = dict(state["distances"])
        self.ways_ = Ways.of_state(state["ways"])
        attribute, copula = state["attribute"], state["copula"]
        self.attribute_ = None if attribute is None else Attribute.of_state(attribute)
        self._copula = None if copula is None else GaussianCopula.of_state(copula)
