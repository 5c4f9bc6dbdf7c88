"""Look of the figures in the gallery: sphinx-gallery calls `reset` before each script."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt


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
