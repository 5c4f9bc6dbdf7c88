"""Listings and notes of a compression on the page."""

from kerasae.applications.compression._bitstream import sizes
from kerasae.applications.compression._references import RawSize
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics.measures import measures_of
from kerasae.report.page import Listing


def bytes_by_part(packed: bytes) -> Listing:
    """List the bytes of the file by part."""
    rows = [[name, f"{count:,}"] for name, count in sizes(packed).items() if count]
    caption = "The frame holds version, fingerprint, shape and checksum."
    return Listing("Bytes of the file", caption, ("part", "bytes"), rows)


def without_loss(size: RawSize, rows: int) -> Listing:
    """List the size of the raw examples, and their size after compression without loss."""
    counts = {"raw": size.raw, "zstd, level 19, all rows in one stream": size.packed}
    shown = [[name, f"{count:,}", f"{8 * count / rows:.1f}"] for name, count in counts.items()]
    return Listing("Without any loss", "For comparison.", ("", "bytes", "bits per row"), shown)


def notes(data: Data) -> tuple[str, ...]:
    """Return notes on how the figures are computed."""
    return (
        *measures_of(data.spec).notes,
        f"Raw bytes are those of the examples {kind_of(data.spec).written_as}. Every byte of the file "
        "counts: steps, histograms, fingerprint and checksum too. What decodes it does not: the model, "
        "PCA's components, or an image library.",
        "Figures are of reconstructions before they are rounded to the raw type. PCA has the same quantiser "
        "and coder; of 'up to' so many components coarse steps leave all but the largest without bits.",
    )
