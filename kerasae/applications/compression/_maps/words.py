"""Sentences, notes and the listing of the curves of a compression of images whole."""

from collections.abc import Mapping, Sequence

from kerasae.applications.compression._maps.curves import MapPoint, rate_at
from kerasae.report.page import Listing

#: First word of the name of the curve of PCA.
PCA = "PCA"
#: Names of the curves of image files.
FORMS = ("JPEG", "WEBP")


def sentences(curves: Mapping[str, Sequence[MapPoint]]) -> list[tuple[bool, str]]:
    """Say how many bits the model needs at the ratios of the points of the others."""
    said = []
    for name, points in curves.items():
        shares = []
        for point in points:
            ours = rate_at(curves["model"], point.psnr)
            if name != "model" and ours is not None:
                shares.append((ours / point.rate, point.psnr))
        if shares:
            least, most = min(shares), max(shares)
            words = f"The model takes {least[0]:.2f} to {most[0]:.2f} of the bits of {name} at equal PSNR"
            said.append((most[0] < 1, f"{words}, from {shares[0][1]:.1f} to {shares[-1][1]:.1f} dB."))
    return said


def listing(curves: Mapping[str, Sequence[MapPoint]]) -> Listing:
    """List the points of the curves.

    Args:
        curves: Curves by name.
    """
    rows = [
        [name, f"{point.psnr:.2f}", f"{point.rate:.3f}", "" if point.bare is None else f"{point.bare:.3f}"]
        for name, points in curves.items()
        for point in points
    ]
    owners = "The model and PCA have" if _has_pca(curves) else "The model has"
    caption = f"Bits per pixel. {owners} one file for all images"
    if forms := [form for form in FORMS if form in curves]:
        caption += (
            f"; {' and '.join(forms)} one for each image; without headers: of these the bytes behind headers "
            "and tables alone, without which nothing can decode them"
        )
    headings = ("", "PSNR", "bits per pixel", "without headers")
    return Listing("Points of the curves", f"{caption}.", headings, rows)


def notes(numbers: int, curves: Mapping[str, Sequence[MapPoint]]) -> list[str]:
    """Return notes on how the figures are computed.

    Args:
        numbers: Number of parameters of the model.
        curves: Curves by name.
    """
    decoders = ["the model"]
    if _has_pca(curves):
        decoders.append("PCA's components")
        pca = "PCA of blocks in the curve has the quantiser and the coder of the model."
    else:
        pca = "The curve of PCA is left out, because it is fitted on the training rows; --refit reads them."
    if any(form in curves for form in FORMS):
        decoders.append("an image library")
    return [
        "PSNR is the mean over the images; raw numbers are clipped to their range before.",
        f"The model, which decodes the file, has {numbers:,} numbers, {4 * numbers:,} bytes in float32. No "
        f"figure counts the bytes of what decodes: {' and '.join(decoders)}.",
        pca,
        "Channels are in the file from the most important to the least: what is left of a file that was cut "
        "comes back with less detail, by `--partial true`.",
    ]


def _has_pca(curves: Mapping[str, Sequence[MapPoint]]) -> bool:
    return any(name.startswith(PCA) for name in curves)
