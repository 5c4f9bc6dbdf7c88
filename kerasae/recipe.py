"""Recipe: names and keyword arguments with which a run can be repeated."""

import contextlib
import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

import keras

from kerasae import registry
from kerasae.data import Data, Source, parse_source, read_like, read_source
from kerasae.files import numbered, unnumbered
from kerasae.kinds import kind_of
from kerasae.models import Autoencoder
from kerasae.progress import work
from kerasae.seeds import seeded
from kerasae.spec import Spec
from kerasae.start import check_same_model, start_folder, start_model, start_preprocessor
from kerasae.training import check_paths, train

#: Number of the format of a recipe file.
FORMAT = 1
SECTIONS = ("data", "preprocessing", "network", "model", "loss", "train", "apply")

#: Arguments that `Recipe` passes itself, so that a recipe cannot set them.
_SUPPLIED = {
    "preprocessing": {"spec"},
    "network": {"spec", "outputs"},
    "loss": {"spec", "expected"},
    "model": {"encoder", "decoder", "preprocessor", "reconstruction_loss"},
    "train": {"model", "data", "folder", "resume"},
}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Settings of a run, in sections for data, preprocessing, network, model, loss, train and apply.

    Each section is a dict of keyword arguments, with the `name` of a member of its room. The section `train`
    has the arguments of `kerasae.train`, of which `callbacks` are import paths, and `apply` those of each
    application, by its name. Names and types are checked against the signatures, so there is no other list of
    parameters or defaults. Preprocessing, network and loss need no name: they follow from data and family.

    Args:
        data: Section of the data.
        preprocessing: Section of the preprocessing.
        network: Section of the network.
        model: Section of the model; its `name` is the family.
        loss: Section of the reconstruction loss.
        train: Section of the training.
        apply: Settings that an application of this run takes unless a user gives others, by the name of the
            application, such as `{"anomaly": {"score": "whitened"}}`. Defaults to none.
        start: Folder or address of a run whose weights and preprocessing a training begins with. Scalings,
            categories and vocabulary stay as they were fitted there. All sections but `data` and `train` must
            be those of that run. Defaults to `None`: the weights are drawn, and the preprocessing is fitted.
    """

    data: dict[str, Any]
    preprocessing: dict[str, Any]
    network: dict[str, Any]
    model: dict[str, Any]
    loss: dict[str, Any]
    train: dict[str, Any]
    apply: dict[str, Any] = dataclasses.field(default_factory=dict)
    start: str | None = None

    @classmethod
    def of(
        cls,
        family: str | None = None,
        /,
        *,
        source: str = "digits",
        latent_dim: int | None = None,
        **sections: dict[str, Any],
    ) -> "Recipe":
        """Create a recipe from its main settings; all others have their defaults.

        Args:
            family: Name of a member of `kerasae.models`. Defaults to `None`, `"undercomplete"`.
            source: Source of the data: a name, a path, or `tfds:NAME`. Defaults to `"digits"`.
            latent_dim: Code size, of each place for a map. Defaults to `None`, the default of the network.
            **sections: Arguments of each section, such as `model={"beta": 4.0}`, `train={"epochs": 10}`.
        """
        for name in sections:
            if name not in SECTIONS:
                raise ValueError(f"Unknown section {name!r}; {registry.did_you_mean(name, [*SECTIONS])}")
        settings: dict[str, Any] = {name: dict(sections.get(name, {})) for name in SECTIONS}
        settings["data"] = {**parse_source(source), **settings["data"]}
        settings["model"] = {"name": "undercomplete", **settings["model"]}
        if family is not None:
            settings["model"]["name"] = family
        if latent_dim is not None:
            settings["network"]["latent_dim"] = latent_dim
        recipe = cls(**settings)
        recipe.check()
        return recipe

    def override(self, settings: dict[str, Any]) -> "Recipe":
        """Return a recipe with some values replaced.

        If the name of a member changes, the arguments of the previous member are removed, and `train.solver`
        too if it is the model, the network or the loss: few models have a closed form.

        Args:
            settings: New values, such as `{"model.beta": 4.0, "train.epochs": 10}`.
        """
        sections: dict[str, Any] = {name: dict(getattr(self, name)) for name in SECTIONS}
        for key in sorted(settings, key=lambda key: not key.endswith(".name")):
            section, *path = key.split(".")
            if section not in SECTIONS or not path:
                raise ValueError(
                    f"Expected section.name=value with a section of {', '.join(SECTIONS)}, received {key!r}."
                )
            named = sections[section].get("name")
            if path == ["name"] and named != settings[key]:
                sections[section] = sections[section] if named is None else {}
                if section in ("model", "network", "loss"):
                    sections["train"].pop("solver", None)
            target = sections[section]
            for step in path[:-1]:
                inner = target.get(step)
                target[step] = {"name": inner} if isinstance(inner, str) else dict(inner or {})
                target = target[step]
            target[path[-1]] = settings[key]
        recipe = dataclasses.replace(self, **sections)
        recipe.check()
        return recipe

    def check(self) -> None:
        """Check every section against the signature of its member.

        Raises:
            ValueError: If a name or parameter is unknown.
            TypeError: If a value has the wrong type.
        """
        for section in SECTIONS:
            values = dict(getattr(self, section))
            if section == "train":
                member = train
                check_paths(values.get("callbacks", ()))
            elif section == "apply":
                for name, settings in values.items():
                    if not isinstance(settings, dict):
                        raise TypeError(f"`apply.{name}` must be a dict of settings, received {settings!r}.")
                    use: Any = registry.resolve("application", name)
                    registry.check(name, use, settings)
                    use(None, **settings)  # A number out of range is refused before a training.
                continue
            elif "name" in values:
                member = registry.resolve(section, values.pop("name"))
            elif section == "network":
                # The default network depends on the data, which are not known yet.
                self._check_any_network(values)
                continue
            elif values and section in ("loss", "preprocessing"):
                raise ValueError(
                    f"Section `{section}` has arguments but no name; add --set {section}.name=NAME; "
                    f"there is: {', '.join(registry.names(section))}."
                )
            else:
                continue
            for name in values:
                if name in _SUPPLIED.get(section, ()):
                    raise ValueError(
                        f"`{section}.{name}` is supplied by the recipe and cannot be set; leave it out."
                    )
            registry.check(section, member, values)

    @staticmethod
    def _check_any_network(values: dict[str, Any]) -> None:
        members = [registry.resolve("network", name) for name in registry.names("network")]
        for name, value in values.items():
            takers = [member for member in members if name in registry.parameters(member)]
            registry.check("network", takers[0] if takers else members[0], {name: value})

    def fill(self, data: Data | Spec) -> "Recipe":
        """Return a recipe with the default names that depend on the data and the family."""
        spec = data if isinstance(data, Spec) else data.spec
        family = registry.resolve("model", self.model["name"])
        kind = kind_of(spec)
        loss = kind.loss or family.default_loss  # type: ignore[attr-defined]
        filled = dataclasses.replace(
            self, network={"name": kind.network, **self.network}, loss={"name": loss, **self.loss}
        )
        if not isinstance(data, Spec):
            named = {"name": kind.preprocessing, **self.preprocessing}
            filled = dataclasses.replace(filled, preprocessing=named)
        filled.check()
        return filled

    def complete(self) -> "Recipe":
        """Return a recipe with every default written out, so that it does not depend on later defaults."""
        sections: dict[str, Any] = {}
        for section in SECTIONS:
            values = dict(getattr(self, section))
            if section == "train":
                member = train
            elif "name" in values:
                member = registry.resolve(section, values["name"])
            else:
                sections[section] = values
                continue
            for name, parameter in registry.parameters(member).items():
                if name in _SUPPLIED.get(section, ()) or (name in ("name", "seed") and section == "loss"):
                    continue
                if parameter.default is not inspect.Parameter.empty:
                    values.setdefault(name, parameter.default)
            sections[section] = values
        return dataclasses.replace(self, **sections)

    # From a recipe to a model --------------------------------------------------------------------

    @work("reading the data")
    def load(self, pinned: Source | None = None) -> Data:
        """Load the data of this recipe, and fit the preprocessor on the training split.

        Args:
            pinned: Source of an earlier run, whose rows are read into the same splits. Defaults to `None`.

        Raises:
            FileNotFoundError: If the data do not exist.
            ValueError: If the data have changed since the earlier run.
        """
        source = Source.of(self.data) if pinned is None else pinned
        with source.opened(self.data) if pinned is not None else contextlib.nullcontext(self.data) as section:
            if self.start is not None:
                data = read_like(section, start_preprocessor(self.start).spec)
            else:
                arguments = {key: value for key, value in section.items() if key != "name"}
                data = read_source(section["name"], arguments)
        if not len(data.train):
            raise ValueError("`test` must be in (0, 1), a share of the rows, to leave some to train on.")
        if pinned is not None:
            pinned.check_rows(data.rows)
        return self.prepare(dataclasses.replace(data, source=dataclasses.replace(source, rows=data.rows)))

    def as_trained(self, data: Data) -> Data:
        """Return data as a training of this recipe uses them: `hold_out=false` joins train and validation."""
        return data if self.train.get("hold_out", True) else data.joined()

    def prepare(self, data: Data) -> Data:
        """Return data with the preprocessor of this recipe, fitted on their training split or at `start`."""
        if self.start is not None:
            return data.seen_through(start_preprocessor(self.start))
        section = dict(self.preprocessing)
        name = section.pop("name", None) or kind_of(data.spec).preprocessing
        preprocessor: Any = registry.resolve("preprocessing", name)(data.spec, **section)
        return data.with_preprocessor(preprocessor)

    def build(self, data: Data | Spec) -> Autoencoder:
        """Build and compile a model, with the weights of `start` or others that depend on `train.seed`.

        Models may be built in several threads: their seeds do not affect each other. The global generators of
        Python and NumPy are left as they were.

        Args:
            data: Data of `load`, or a spec for a model without preprocessing.
        """
        with seeded(self.train.get("seed", 0)):
            return self._build(data)

    def _build(self, data: Data | Spec) -> Autoencoder:
        spec = data if isinstance(data, Spec) else data.spec
        recipe = self.fill(data)
        if self.start is not None:
            earlier = Recipe.read(start_folder(self.start) / "recipe.json").complete()
            check_same_model(self.start, recipe.complete().to_dict(), earlier.to_dict())
            return start_model(self.start)
        loss_member, loss_section = _member("loss", recipe.loss)
        if spec.kind not in loss_member.kinds:
            raise ValueError(
                f"The loss '{recipe.loss['name']}' is for examples of kind {' or '.join(loss_member.kinds)}, "
                f"received kind '{spec.kind}'; leave the loss out to use the default."
            )
        if "spec" in registry.parameters(loss_member):
            loss_section["spec"] = spec
        loss = loss_member(**loss_section)
        network, network_section = _member("network", recipe.network)
        encoder, decoder = network(spec, outputs=loss.outputs, **network_section)
        if (head := loss.head()) is not None:
            decoder = _append(decoder, head)
        family, arguments = _member("model", recipe.model)
        preprocessor = None if isinstance(data, Spec) else data.preprocessor
        model: Autoencoder = family(
            encoder, decoder, reconstruction_loss=loss, preprocessor=preprocessor, **arguments
        )
        model.build((None, *spec.shape))
        model.compile()
        return model

    # Files ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the sections as plain JSON values, and `start` if there is one."""
        sections: dict[str, Any] = {name: dict(getattr(self, name)) for name in SECTIONS}
        return sections if self.start is None else {**sections, "start": self.start}

    def save(self, path: Path) -> None:
        """Write the recipe as JSON."""
        path.write_text(json.dumps(numbered(self.to_dict(), FORMAT), indent=2) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> "Recipe":
        """Read a recipe that `save` wrote.

        A complete recipe without a calibration split was written before kerasae had this split. It is read
        without one, because a calibration split drawn now would contain rows of the training.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is not a recipe, or a newer kerasae wrote it.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"Expected a recipe file, found none at {path}.")
        try:
            values = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise ValueError(f"Expected a recipe in JSON in {path}, received: {error}.") from None
        values = unnumbered(values, FORMAT, path)
        start = values.pop("start", None) if isinstance(values, dict) else None
        known = isinstance(values, dict) and {*values} <= {*SECTIONS} and isinstance(start, str | None)
        if not known or not all(isinstance(value, dict) for value in values.values()):
            raise ValueError(f"Expected the sections {', '.join(SECTIONS)} in {path}.")
        if "name" not in values.get("data", {}):
            raise ValueError(f"Expected a `name` in the section `data` of {path}.")
        defaults: dict[str, dict[str, Any]] = {"model": {"name": "undercomplete"}}
        if "validation" in values["data"] and "checkpoint_seconds" in values.get("train", {}):
            # Only `complete` writes this setting, so the recipe is complete.
            defaults["data"] = {"calibration": 0.0}
        sections = {name: {**defaults.get(name, {}), **values.get(name, {})} for name in SECTIONS}
        recipe = cls(**sections, start=start)
        recipe.check()
        return recipe


def _member(section: str, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    arguments = {key: value for key, value in values.items() if key != "name"}
    return registry.resolve(section, values["name"]), arguments


def _append(decoder: keras.Model, head: keras.layers.Layer) -> keras.Model:
    if isinstance(decoder, keras.Sequential):
        decoder.add(head)
        return decoder
    # With `decoder.inputs`, a list, Keras warns at every call with a tensor.
    return keras.Model(decoder.input, head(decoder.output), name=decoder.name)
