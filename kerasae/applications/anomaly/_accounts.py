"""account_of: codes and residuals of examples, for any codec."""

from typing import Any

import numpy as np

from kerasae.codec import Codec, HasLikelihood
from kerasae.kinds import kind_of
from kerasae.metrics import reconstruct
from kerasae.spec import PADDING, Spec

#: Smallest deviation of a category, boolean or token: that of a probability of 0.97. A model is nearly
#: certain of a column that hardly varies, and a slight doubt would otherwise be the first reason for every
#: abnormal row.
_LEAST = 0.25


def account_of(codec: Codec, spec: Spec, raw: Any) -> dict[str, np.ndarray]:
    """Return the `code` of raw examples, `(rows, latent_dim)`, and `x` and `residual`, `(rows, features)`.

    A model computes them itself, with its loss by feature as `nll`. For any other codec the residual is `x`
    minus the reconstruction, and 1 for a wrong category, boolean or token. A missing entry, or a category
    that is not in the training data, has the square root of its deviance, `sqrt(2 Column.gap)` or `sqrt(2
    Column.unseen)`. For tables `missing` marks the missing entries, and `x` holds
    the entries, with 0 for a missing one. NaN in a vector or image stays NaN: such
    an example cannot be judged.

    Args:
        codec: Codec that reconstructs the examples.
        spec: Fitted spec of the examples.
        raw: Raw examples.
    """
    if isinstance(codec, HasLikelihood):
        return codec.accounts(raw)
    x = np.asarray(codec.preprocessor.to_x(raw) if codec.preprocessor is not None else raw)
    rebuilt = reconstruct(codec, raw)
    account: dict[str, np.ndarray] = {}
    difference = x.astype("float32") - rebuilt
    kind = kind_of(spec)
    if kind.is_code.any():
        difference = np.where(kind.is_code, np.round(rebuilt) != x, difference)
    if spec.vocabulary:
        difference = np.where(x == PADDING, 0, difference)
    residual = difference.reshape(len(x), -1).astype("float32")
    flat = np.asarray(x, "float32").reshape(len(x), -1)
    if kind.has_gaps:
        columns, missing = kind.feature_columns, np.isnan(flat)
        gap, unseen = (
            np.sqrt([2.0 * getattr(column, name) for column in columns]).astype("float32")
            for name in ("gap", "unseen")
        )
        residual = np.where((unseen > 0) & (flat == 0), unseen, residual)
        residual = np.where(missing, gap, residual)
        flat = np.where(missing, np.float32(0), flat)
        account["missing"] = missing.astype("float32")
    account["x"] = flat
    return {"code": np.asarray(codec.transform(raw), "float32"), "residual": residual, **account}


def least_deviations(spec: Spec) -> np.ndarray | None:
    """Return the smallest deviation that counts in each residual, `(features,)`; `None` for array data."""
    kind = kind_of(spec)
    if kind.is_array:
        return None
    return np.where(np.broadcast_to(kind.is_code, spec.shape), _LEAST, 0.0)
