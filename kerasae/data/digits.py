"""The handwritten digits that scikit-learn carries."""

from kerasae.data._array_data import make_data
from kerasae.data._data import Data
from kerasae.spec import Spec


def digits(*, validation: float = 0.1, calibration: float = 0.1, test: float = 0.2, seed: int = 0) -> Data:
    """1,797 grey images of handwritten digits, 8 x 8 x 1, levels 0 to 16; no download.

    Args:
        validation: share of the rows left by the test split.
        calibration: share of the rows left by the test split; 0 for no such rows.
        test: share of all rows.
        seed: of the splits.

    Reference: Alpaydin and Kaynak 1998, UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    spec = Spec("image", (8, 8, 1), "uint8", 0.0, 16.0)
    images = bunch.images.astype("uint8")[..., None]
    return make_data(
        "digits",
        spec,
        images,
        bunch.target,
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )
