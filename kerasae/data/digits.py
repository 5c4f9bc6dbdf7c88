"""The handwritten digits that scikit-learn carries."""

from kerasae.data._array_data import make_data
from kerasae.data._data import Data
from kerasae.spec import Spec


def digits(*, validation: float = 0.1, calibration: float = 0.1, test: float = 0.2, seed: int = 0) -> Data:
    """Load 1,797 grey images of handwritten digits, 8 x 8 x 1, with levels 0 to 16. Nothing is downloaded.

    Args:
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). Every row if it is 1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

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
