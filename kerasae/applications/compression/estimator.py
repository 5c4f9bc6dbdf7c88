"""Compression: codes with few bits, written to a file and decoded again."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerasae.applications._any_size import with_whole_images
from kerasae.applications._arguments import check_between, check_counts, check_positive
from kerasae.applications._base import Application, Finding
from kerasae.applications._pictures import spec_with_range
from kerasae.applications.compression import _page as page
from kerasae.applications.compression._bitstream import MARK, Content, read, write
from kerasae.applications.compression._curves import Curve, baseline_curves, curve, point
from kerasae.applications.compression._files import bytes_of, write_restored
from kerasae.applications.compression._maps import file as map_file
from kerasae.applications.compression._maps import reading
from kerasae.applications.compression._maps import report as map_report
from kerasae.applications.compression._maps.images import has_maps, quantised, restored
from kerasae.applications.compression._maps.quantiser import MapQuantiser, MapRanges
from kerasae.applications.compression._measuring import enough_bits, fitted_codes, measured_of
from kerasae.applications.compression._quantiser import Quantiser, Ranges, unit_steps
from kerasae.applications.compression._references import RawSize, photographs
from kerasae.applications.compression._sentences import on_the_others, on_the_size
from kerasae.codec import Codec, fingerprint
from kerasae.data import Data
from kerasae.data.series.layout import layout_of
from kerasae.kinds import kind_of
from kerasae.metrics import Metric, codes_of
from kerasae.metrics.measures import measures_of
from kerasae.runs import Run
from kerasae.spec import Spec

#: Number of rows from whose maps the ranges of the channels are computed.
_MAPS = 1000
#: Suffix of the compressed files.
SUFFIX = ".kae"


class Compression(Application):
    """Lossy compression: a file of entropy-coded codes, which the same model decodes.

    The report writes `compressed.kae` and `rate_distortion.csv`, with the curves of the baselines if the
    training rows are at hand. With a `.kae` file in place of examples it
    writes the decoded content: `restored.csv`, `restored.txt`, or `restored.npy` and a PNG for each image.
    Images of any size become a PNG each, and `restored.npz` beside them if a PNG cannot hold them.
    The file of a log also holds its time stamps, which all figures count, and gives back the rows of the log.

    Each number of a code is rounded to a multiple of its step. The steps are chosen so that a step of any
    number changes the reconstruction by the same amount. Decoding returns `inverse_transform` of the rounded
    codes, equal to the bit on the same machine. The model fills the missing cells of a table; with
    `keep_missing` the file also stores which cells were missing, and they stay missing. A category that is
    not in the training data becomes a known one. Labels and row names are not stored, nor are file
    names, except those of images of any size. Decoding
    needs the model, whose size is not part of any figure.

    If the codes are maps (network `spatial`), images may have any sizes and are compressed whole. A step
    belongs to a channel of the map. The probability of a number depends on the numbers around it that are in
    the file before it. The most important channels come first, so that a part of the file gives a coarse
    picture.

    Args:
        codec: Codec that maps raw examples to codes and back.
        bits: Number of bits, from 1 to 16, for the entry of the code that changes the reconstruction most,
            over the range of its training codes. The other entries use as many as their own range needs.
            Defaults to `None`: it is the smallest number with which the error on held-out rows rises by at
            most a twentieth of the error with exact codes, or a two-hundredth of what the mean code loses
            beyond exact codes.
        step: Step size, in place of `bits`: the change of the reconstruction by one step of an entry of the
            code, or of a channel of a map at all places, as root mean square over the features, in units of
            `x`. Defaults to `None`: `bits` decides.
        keep_missing: Whether the missing cells of a table stay missing. Defaults to True.
        most: Largest number of rows for the rate-distortion curves; more rows are subsampled. All rows are
            compressed. Defaults to 2000.
        seed: Seed of the subsample. Defaults to 0.
        partial: Whether what is left of a file of maps that was cut is restored, with less detail. Channels
            are stored by the size of their numbers. If the channels of a model depend on each other, as
            those of an undercomplete one may, more of a file need not be better until all of it is there.
            Defaults to False: such a file is refused.

    Raises:
        ValueError: If bits or step are out of range, or bytes cannot be decoded.

    Example:
        >>> from kerasae.applications import Compression
        >>> compression = Compression(model, bits=5).fit(data)
        >>> small = compression.compress(data.test.examples)
        >>> images = compression.decompress(small)

    Reference: Duda 2009, arXiv:0902.0271 (asymmetric numeral systems); Bamler 2022,
    arXiv:2201.01741 (the library constriction).
    """

    spec_: Spec
    quantiser_: Any

    only_reported: ClassVar[tuple[str, ...]] = ("keep_missing", "most", "seed", "partial")

    def __init__(
        self,
        codec: Codec,
        *,
        bits: int | None = None,
        step: float | None = None,
        keep_missing: bool = True,
        most: int = 2000,
        seed: int = 0,
        partial: bool = False,
    ) -> None:
        super().__init__(codec)
        check_between(1, 16, bits=bits)
        check_positive(step=step)
        check_counts(most=most)
        self.bits = bits
        self.step = step
        self.keep_missing = keep_missing
        self.most = most
        self.seed = seed
        self.partial = partial

    def fit(self, data: Data) -> Self:
        """Choose the steps from the codes of the training and the validation split."""
        self._ranges: Any
        if has_maps(self.codec):
            codes = fitted_codes(self.codec, data, _MAPS)
            self._ranges = MapRanges.of(self.codec, codes, self.codec.code_shape[-1])
        else:
            codes = fitted_codes(self.codec, data)
            self._ranges = Ranges.of(codes, unit_steps(self.codec, codes, data.spec))
        bits = self.bits
        if bits is None and self.step is None:
            bits = enough_bits(self.codec, codes, self._ranges, data.with_choices())
        self.quantiser_ = self._ranges.quantiser(bits, self.step)
        self.spec_ = spec_with_range(data)
        return self

    def compress(self, raw: Any, names: Sequence[str] = ()) -> bytes:
        """Compress raw examples to the bytes of a file.

        Args:
            raw: Raw examples. If the codes are maps, it may be a list of images of any sizes, each `(height,
                width, channels)`.
            names: Names of the images, which a file of maps stores. Defaults to none.
        """
        if has_maps(self.codec):
            return map_file.write(quantised(self.codec, self.quantiser_, raw, self._mark(), names))
        x = self.codec.preprocessor.to_x(raw) if kind_of(self.spec_).has_gaps else None
        return self._pack(self.codec.transform(raw), None if x is None else _gaps(x))

    def decompress(self, data: bytes, partial: bool = False) -> Any:
        """Decode the bytes of a file to raw examples. It needs no `fit`.

        Args:
            data: Bytes of the file.
            partial: Whether what is left of a file of maps that was cut is decoded, with less detail.
                Defaults to False.

        Returns:
            Raw examples; a list if the file holds images of several sizes.

        Raises:
            ValueError: If the bytes were changed, or come from another model or an unknown version.
        """
        return self._decoded(data, "the file", partial or self.partial)

    @classmethod
    def decompress_file(cls, path: str | Path, run: Run | str | Path, partial: bool = False) -> Any:
        """Decode a file to raw examples with the model of the run that wrote it.

        Args:
            path: File.
            run: Run, or its folder.
            partial: As for `decompress`.

        Raises:
            FileNotFoundError: If there is no such file or run.
            ValueError: As for `decompress`.
        """
        run = run if isinstance(run, Run) else Run.open(run)
        application = cls(run.model)
        return application._decoded(bytes_of(Path(path)), str(path), partial)

    # The file ------------------------------------------------------------------------------------

    def _mark(self) -> bytes:
        return bytes.fromhex(fingerprint(self.codec))[:MARK]

    def _pack(self, codes: np.ndarray, missing: np.ndarray | None, layout: str = "") -> bytes:
        quantiser = self.quantiser_
        stored_gaps = missing if self.keep_missing and missing is not None and missing.any() else None
        symbols = quantiser.symbols(codes)
        shape, mark = self.spec_.shape, self._mark()
        return write(Content(symbols, quantiser.steps, quantiser.offsets, shape, mark, stored_gaps, layout))

    def _decoded(self, data: bytes, name: str, partial: bool) -> Any:
        if not self._is_of_maps(data, name):
            return self._restore(self._read(data, name))
        assert has_maps(self.codec)
        images = restored(self.codec, reading.read(data, self._mark(), name, partial))
        return np.stack(images) if len({image.shape for image in images}) == 1 else images

    def _is_of_maps(self, data: bytes, name: str) -> bool:
        """Return whether a file holds maps.

        Raises:
            ValueError: If it does, and the codec decodes no maps of images of any size.
        """
        if data[: len(map_file.MAGIC) + 1] != map_file.MAGIC + bytes([map_file.VERSION]):
            return False
        if not has_maps(self.codec):
            raise ValueError(
                f"Expected the run that wrote {name}, which holds maps of images of any size, received a "
                "codec of one size; name the run, not its artifact."
            )
        return True

    def _read(self, data: bytes, name: str = "the file") -> Content:
        return read(data, self._mark(), name)

    def _restore(self, content: Content) -> Any:
        raw = self.codec.inverse_transform(content.codes)
        if content.missing is not None and kind_of(self.codec.preprocessor.spec).is_array:
            raw[content.missing.reshape(raw.shape)] = np.nan
        elif content.missing is not None:
            features = self.codec.preprocessor.spec.features
            for column, gaps in zip(features, content.missing.T, strict=True):
                if gaps.any():
                    raw[column.name] = raw[column.name].mask(gaps)
        return raw

    # The command ---------------------------------------------------------------------------------

    @classmethod
    def reads(cls, source: str) -> bool:
        return Path(source).suffix.lower() == SUFFIX

    def restore(self, source: Path, out: Path) -> Finding:
        data = bytes_of(source)
        if self._is_of_maps(data, str(source)):
            return map_report.restore(self, data, source, out)
        content = self._read(data, str(source))
        write_restored(self._restore(content), self.codec, out, content.layout)
        rows = len(content.symbols)
        metrics = [
            Metric("rows", "rows", rows),
            Metric("bytes", "bytes", len(data)),
            Metric("bits_per_row", "bits per row", 8 * len(data) / rows),
        ]
        words = f"{source.name} is whole and was written by this model: {rows:,} rows came back."
        return Finding(metrics, "bits_per_row", [(True, words)], listings=[page.bytes_by_part(data)])

    def taken(self, data: Data) -> Data:
        """Return data whose test split holds images whole, if the codes are maps."""
        return with_whole_images(data) if has_maps(self.codec) else data

    def notes_on_baselines(self, data: Data) -> list[str]:
        if not has_maps(self.codec):
            return []
        rows = "the examples" if with_whole_images(data) is data else "the crops of the examples"
        return [f"The baselines of the table compress {rows} as vectors of one size."]

    def report(self, data: Data, out: Path | None) -> Finding:
        if has_maps(self.codec):
            return map_report.report(self, data, out)
        # Windows that overlap would store each reading several times.
        data = dataclasses.replace(data, test=data.test.apart())
        codes, missing, size = self._encode(data)
        packed = self._pack(codes, missing, layout_of(data.test))
        if out is not None:
            (out / f"compressed{SUFFIX}").write_bytes(packed)
            packed = (out / f"compressed{SUFFIX}").read_bytes()
        content = self._read(packed)
        before, after = (measured_of(self.codec, some, data)[0] for some in (codes, content.codes))
        rate, unit = 8 * len(packed) / len(codes), kind_of(data.spec).unit
        metrics = [
            Metric("bytes", "bytes", len(packed), lower=True),
            Metric("bits_per_row", "bits per row", rate),
            Metric(f"bits_per_{unit}", f"bits per {unit}", 8 * len(packed) / max(size.cells, 1)),
            Metric("times_smaller", "times smaller", size.raw / len(packed), lower=False),
        ]
        deciding = measures_of(data.spec).deciding
        for metric in deciding:
            key, heading = metric.key, metric.heading
            metrics.append(Metric(key, heading, after[key], metric.lower))
            metrics.append(Metric(f"{key}_unrounded", f"{heading}, code not rounded", before[key]))
        if out is None:
            return Finding(metrics, "bits_per_row")
        few = data.drawn("test", self.most, self.seed)
        # Photographs have the range of the training images, which may be gone.
        photos = list(photographs(dataclasses.replace(few, spec=self.spec_)))
        curves: dict[str, Curve] = {
            "model": curve(self.codec, self._ranges, few),
            **(baseline_curves(self.codec.latent_dim, few) if len(data.train) else {}),
            **page.photograph_curves(photos),
        }
        judged = {metric.key: metric.heading for metric in deciding if after[metric.key] is not None}
        page.write_curves(out / "rate_distortion.csv", curves, judged)
        here = point(self.codec, self.quantiser_, codes_of(self.codec, few, "test"), few)
        return Finding(
            metrics,
            "bits_per_row",
            [*on_the_size(size, len(codes), len(packed)), *on_the_others(curves, here)],
            [
                page.draw_curves(curves, judged, rate, after, len(few.test)),
                *page.draw_examples(data, self.codec, codes, content.codes),
            ],
            [
                page.bytes_by_part(packed),
                page.without_loss(size, len(codes)),
                *page.photograph_listing(photos, few),
            ],
            page.notes(data, curves),
        )

    def _encode(self, data: Data) -> tuple[np.ndarray, np.ndarray | None, RawSize]:
        """Return the codes of the test split, its missing cells if it is a table, and its size."""
        size = RawSize(data)
        codes, gaps = [], []
        for raw, x in data.parts("test"):
            codes.append(self.codec.transform(raw))
            size.add(raw)
            if kind_of(data.spec).has_gaps:
                gaps.append(_gaps(x))
        size.close()
        return np.concatenate(codes), np.concatenate(gaps) if gaps else None, size

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"ranges": self._ranges.state(), "quantiser": self.quantiser_.state()}

    def set_state(self, state: dict[str, Any]) -> None:
        ranges, quantiser = (MapRanges, MapQuantiser) if has_maps(self.codec) else (Ranges, Quantiser)
        try:
            self._ranges = ranges.of_state(state["ranges"])
            self.quantiser_ = quantiser.of_state(state["quantiser"])
        except TypeError:
            raise ValueError(
                "Expected a compression that this version of kerasae stored, received one of an earlier "
                "version; fit it again with --refit."
            ) from None


def _gaps(x: np.ndarray) -> np.ndarray:
    """Return which entries of examples are missing, `(rows, features)`."""
    return np.isnan(x).reshape(len(x), -1)
