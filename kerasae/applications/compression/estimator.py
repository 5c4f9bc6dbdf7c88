"""Compression: codes with few bits, written to a file and decoded again."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.applications._base import Application, Finding
from kerasae.applications._pictures import MODES, pixels, save_png
from kerasae.applications.compression import _references as _compression_references
from kerasae.applications.compression._bitstream import MARK, Content, read, write
from kerasae.applications.compression._page import bytes_by_part, notes, without_loss
from kerasae.applications.compression._quantiser import choose, unit_steps
from kerasae.applications.compression._rates import (
    MOST_COMPONENTS,
    Curve,
    curve,
    draw,
    enough_bits,
    figures_of,
    fitted_codes,
    rate_at,
)
from kerasae.baselines import fit_baselines
from kerasae.codec import Codec, fingerprint
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics.measures import measures_of
from kerasae.preprocessing import as_written
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet, write_table
from kerasae.runs import Run

#: Suffix of the compressed files.
SUFFIX = ".kae"


class Compression(Application):
    """Lossy compression: a file of entropy-coded codes, which the same model decodes.

    The report writes `compressed.kae` and `rate_distortion.csv`. With a `.kae` file in place of examples it
    writes the decoded content: `restored.csv`, `restored.txt`, or `restored.npy` and a PNG for each image.

    Each number of a code is rounded to a multiple of its step. The steps are chosen so that a step of any
    number changes the reconstruction by the same amount. Decoding returns `inverse_transform` of the rounded
    codes, equal to the bit on the same machine. The model fills the missing cells of a table; with
    `keep_missing` the file also stores which cells were missing, and they stay missing. A category that is
    not in the training data becomes a known one. Labels, file names and row names are not stored. Decoding
    needs the model, whose size is not part of any figure.

    Args:
        codec: Codec that maps raw examples to codes and back.
        bits: Number of bits, from 1 to 16, for the entry of the code that changes the reconstruction most,
            over the range of its training codes. The other entries use as many as their own range needs.
            Defaults to `None`: it is the smallest number with which the error on held-out rows rises by at
            most a twentieth of the error with exact codes, or a two-hundredth of the error of the mean code.
        step: Step size, in place of `bits`: the change of the reconstruction by one step of an entry of the
            code, as root mean square over the features, in units of `x`. Defaults to `None`: `bits` decides.
        keep_missing: Whether the missing cells of a table stay missing. Defaults to True.
        most: Largest number of rows for the rate-distortion curves; more rows are subsampled. All rows are
            compressed. Defaults to 2000.
        seed: Seed of the subsample. Defaults to 0.

    Raises:
        ValueError: If bits or step are out of range, or bytes cannot be decoded.

    Example:
        >>> compression = Compression(model, bits=5).fit(data)
        >>> small = compression.compress(data.test.examples)
        >>> images = compression.decompress(small)

    Reference: Duda 2009, arXiv:0902.0271 (asymmetric numeral systems); Bamler 2022,
    arXiv:2201.01741 (the library constriction).
    """

    decisive = ("bits per row",)

    def __init__(
        self,
        codec: Codec,
        *,
        bits: int | None = None,
        step: float | None = None,
        keep_missing: bool = True,
        most: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        if bits is not None and not 1 <= bits <= 16:
            raise ValueError(f"`bits` must be between 1 and 16, received {bits}.")
        if step is not None and not 0 < step < np.inf:
            raise ValueError(f"`step` must be positive, received {step}.")
        if most < 1:
            raise ValueError(f"`most` must be positive, received {most}.")
        self.bits = bits
        self.step = step
        self.keep_missing = keep_missing
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Choose the steps from the codes of the training and the validation split."""
        codes = fitted_codes(self.codec, data)
        units = unit_steps(self.codec, codes, data.spec)
        bits = self.bits
        if bits is None and self.step is None:
            bits = enough_bits(self.codec, codes, units, data.with_choices())
        self.quantiser_ = choose(codes, units, bits, self.step)
        self.spec_ = data.spec
        return self

    def compress(self, raw: Any) -> bytes:
        """Compress raw examples to the bytes of a file."""
        x = self.codec.preprocessor.to_x(raw) if self.spec_.columns else None
        return self._pack(self.codec.transform(raw), None if x is None else np.isnan(x))

    def decompress(self, data: bytes) -> Any:
        """Decode the bytes of a file to raw examples. It needs no `fit`.

        Raises:
            ValueError: If the bytes were changed, or come from another model or an unknown version.
        """
        return self._restore(self._read(data))

    @classmethod
    def decompress_file(cls, path: str | Path, run: Run | str | Path) -> Any:
        """Decode a file to raw examples with the model of the run that wrote it.

        Raises:
            FileNotFoundError: If there is no such file or run.
            ValueError: As for `decompress`.
        """
        run = run if isinstance(run, Run) else Run.open(run)
        application = cls(run.model)
        return application._restore(application._read(_bytes_of(Path(path)), str(path)))

    # The file ------------------------------------------------------------------------------------

    def _mark(self) -> bytes:
        return bytes.fromhex(fingerprint(self.codec))[:MARK]

    def _pack(self, codes: np.ndarray, missing: np.ndarray | None) -> bytes:
        quantiser = self.quantiser_
        stored_gaps = missing if self.keep_missing and missing is not None and missing.any() else None
        symbols = quantiser.symbols(codes)
        return write(
            Content(symbols, quantiser.steps, quantiser.offsets, self.spec_.shape, self._mark(), stored_gaps)
        )

    def _read(self, data: bytes, name: str = "the file") -> Content:
        return read(data, self._mark(), name)

    def _restore(self, content: Content) -> Any:
        raw = self.codec.inverse_transform(content.codes)
        if content.missing is not None:
            features = self.codec.preprocessor.spec.features
            for column, gaps in zip(features, content.missing.T, strict=True):
                if gaps.any():
                    raw[column.name] = raw[column.name].mask(gaps)
        return raw

    # From the command line -----------------------------------------------------------------------

    @classmethod
    def reads(cls, source: str) -> bool:
        return Path(source).suffix.lower() == SUFFIX

    def restore(self, source: Path, out: Path) -> Finding:
        data = _bytes_of(source)
        content = self._read(data, str(source))
        raw = self._restore(content)
        if isinstance(raw, pd.DataFrame):
            write_table(as_written(raw, self.codec.preprocessor.spec.columns), out / "restored.csv")
        elif raw.dtype == object:
            (out / "restored.txt").write_text("".join(f"{text}\n" for text in raw), encoding="utf-8")
        else:
            np.save(out / "restored.npy", raw)
            _write_images(raw, self.codec, out / "restored")
        rows = len(content.symbols)
        return Finding.of_headings(
            {"rows": rows, "bytes": len(data), "bits per row": 8 * len(data) / rows},
            sentences=[
                (True, f"{source.name} is whole and was written by this model: {rows:,} rows came back.")
            ],
            listings=[bytes_by_part(data)],
            decisive=self.decisive,
        )

    def report(self, data: Data, out: Path | None) -> Finding:
        size = _compression_references.RawSize(data)
        parts, gaps = [], []
        for raw, x in data.parts("test"):
            parts.append(self.codec.transform(raw))
            size.add(raw)
            if data.spec.columns:
                gaps.append(np.isnan(x))
        size.close()
        codes = np.concatenate(parts)
        packed = self._pack(codes, np.concatenate(gaps) if gaps else None)
        if out is not None:
            (out / f"compressed{SUFFIX}").write_bytes(packed)
            packed = (out / f"compressed{SUFFIX}").read_bytes()
        content = self._read(packed)
        before, after = (figures_of(self.codec, some_codes, data) for some_codes in (codes, content.codes))
        bits, unit = 8 * len(packed) / len(codes), kind_of(data.spec).unit
        shown: dict[str, Any] = {
            "bytes": len(packed),
            "bits per row": bits,
            f"bits per {unit}": 8 * len(packed) / max(size.cells, 1),
            "times smaller": size.raw / len(packed),
        }
        better: dict[str, bool] = {"bytes": True, "times smaller": False}
        deciding = measures_of(data.spec).deciding
        for metric in deciding:
            shown[metric.heading] = after[metric.key]
            shown[f"{metric.heading}, code not rounded"] = before[metric.key]
            if metric.lower is not None:
                better[metric.heading] = metric.lower
        if out is None:
            return Finding.of_headings(shown, better, decisive=self.decisive)
        curves, photographs = self._curves(data)
        judged = {metric.key: metric.heading for metric in deciding if after[metric.key] is not None}
        _write_curves(out / "rate_distortion.csv", curves, judged)
        pictures = [
            Picture(
                "Rate and distortion",
                f"Over {min(self.most, len(codes)):,} rows, drawn where there are more; "
                "every byte of a file counts.",
                draw(curves, judged, {key: (bits, after[key]) for key in judged}),
            ),
            *self._examples(data, codes, content),
        ]
        many = f"{len(codes):,} row{'s' * (len(codes) != 1)}"
        saved = f"{size.raw:,} bytes of {many} became {len(packed):,}"
        sentences = [(True, f"{saved}, {size.raw / len(packed):.1f} times fewer; read from the file again.")]
        if size.packed <= len(packed):
            words = f"zstd takes {size.packed:,} bytes for them and loses nothing: use that."
            sentences.append((False, words))
        return Finding.of_headings(
            shown,
            better,
            [*sentences, *self._verdicts(curves, after.get("error"))],
            pictures,
            [bytes_by_part(packed), without_loss(size, len(codes)), *photographs],
            notes(data),
            decisive=self.decisive,
        )

    def _curves(self, data: Data) -> tuple[dict[str, Curve], list[Listing]]:
        few = data.drawn("test", self.most, self.seed)
        curves = {"model": curve(self.codec, few)}
        small, large = (fit_baselines(n, few) for n in (self.codec.latent_dim, MOST_COMPONENTS))
        for name, codec in small.items():
            curves[f"{name} {codec.latent_dim}"] = curve(codec, few)
            if not data.spec.vocabulary and large[name].latent_dim != codec.latent_dim:
                curves[f"{name} up to {large[name].latent_dim}"] = curve(large[name], few)
        rows = []
        for form, quality, photo in _compression_references.photographs(few):
            curves.setdefault(form, []).append((photo["bits per row"], {"error": photo["error"]}))
            pixels = data.spec.size / data.spec.shape[-1]
            shares = (photo[key] / pixels for key in ("bits per row", "alone", "without headers"))
            rows.append([form, str(quality), f"{photo['error']:.5f}", *(f"{share:.3f}" for share in shares)])
        headings = ("", "quality", "error of the mosaic", "mosaic", "own files", "own files without headers")
        caption = (
            "Bits per pixel. The mosaic holds all images, each widened to whole blocks of 8 pixels, and its "
            "whole file counts; it is what the curve shows. Own files: the mean of up to 200 images, one a "
            "file; without headers: of these the bytes behind headers and tables alone, without which "
            "nothing can decode them."
        )
        listings = [Listing("JPEG and WebP (Pillow)", caption, headings, rows)] if rows else []
        return curves, listings

    def _verdicts(self, curves: dict[str, Curve], error: float | None) -> list[tuple[bool, str]]:
        """Say how many bits the other codecs need for the error of the file."""
        rate = None if error is None else rate_at(curves["model"], "error", error)
        if error is None or rate is None:
            return []
        sentences = []
        for name, points in curves.items():
            if name == "model":
                continue
            theirs = rate_at(points, "error", error)
            if theirs is not None:
                words = f"For this error {name} takes {theirs:.1f} bits per row, the model {rate:.1f}."
                sentences.append((theirs > rate, words))
                continue
            best = min(measured["error"] for _, measured in points)
            least, its_error = min((rate, measured["error"]) for rate, measured in points)
            if best > error:
                sentences.append((True, f"{name} does not come to this error: its least is {as_text(best)}."))
            else:
                words = (
                    f"{name} takes {least:.1f} bits per row at least, for an error of {as_text(its_error)}."
                )
                sentences.append((least > rate, words))
        return sentences

    def _examples(self, data: Data, codes: np.ndarray, content: Content) -> list[Picture]:
        if not kind_of(data.spec).is_array:
            return []
        shown = data.to_x(data.test.head(10))
        rebuilt = {
            name: np.asarray(self.codec.decode(its_codes[: len(shown)]))
            for name, its_codes in (("code not rounded", codes), ("from the file", content.codes))
        }
        caption = "The first rows, what the model makes of their codes, and what came back from the file."
        return [Picture("Examples", caption, figures.reconstructions(shown, rebuilt))]


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file that `kerasae apply compression` wrote at {path}, found none."
        )
    return path.read_bytes()


def _write_images(raw: np.ndarray, codec: Codec, folder: Path) -> None:
    spec: Any = getattr(codec.preprocessor, "spec", None)
    if spec is None or not kind_of(spec).is_picture or spec.high is None or spec.shape[-1] not in MODES:
        return
    for number, image in enumerate(pixels(raw, spec.low, spec.high)):
        save_png(folder / f"{number:06d}.png", image)


def _write_curves(path: Path, curves: dict[str, Curve], judged: dict[str, str]) -> None:
    rows = [
        {"codec": name, "bits per row": rate, **{heading: point.get(key) for key, heading in judged.items()}}
        for name, points in curves.items()
        for rate, point in points
    ]
    write_sheet(pd.DataFrame(rows), path)
