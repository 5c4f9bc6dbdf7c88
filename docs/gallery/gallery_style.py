"""Look of the figures in the gallery, and the order of its scripts; sphinx-gallery calls both functions."""

from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt

#: Scripts in the order of the gallery; others follow by name.
ORDER = [
    *("families", "error_by_code_size", "code_bend", "code_map", "interpolation", "generation"),
    *("active_units", "sparse_features", "contractive_jacobian"),
    *("denoising_strength", "photograph", "missing_values", "rate_distortion"),
    *("reasons", "calibration", "alarms", "heat_map"),
    *("clusters", "retrieval", "few_labels"),
]


def order(file):
    """Return the sort key of a script."""
    name = Path(file).stem.removeprefix("plot_")
    return (ORDER.index(name) if name in ORDER else len(ORDER)), name


def reset(gallery_conf, fname):
    """Set a style that people with any colour vision can read; the scripts need no lines for it."""
    plt.rcdefaults()
    plt.style.use("petroff10")
    plt.rcParams |= {
        "figure.dpi": 110,
        "savefig.dpi": 110,
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 12,
        "legend.frameon": False,
        "image.cmap": "gray_r",
        "lines.linewidth": 2,
    }
