"""row_to_edit: the oddest rows on the page, with entries that a reader can change."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from keras import ops

from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.living import LivingRow, living_row
from kerasae.models import Autoencoder
from kerasae.scores import REASONS, picked

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector

#: Number of the oddest rows to begin with, and of usual ones.
_ODD, _USUAL = 20, 5


def row_to_edit(detector: "AnomalyDetector", data: Data, rows: pd.DataFrame) -> list[LivingRow]:
    """Return rows whose score and reasons follow when they are edited; nothing if no page can judge them.

    Args:
        detector: Fitted detector.
        data: Data whose test split holds the rows.
        rows: Result of `odd_rows`, the most abnormal row first.
    """
    model, fitted = detector.codec, detector.detector_
    if kind_of(data.spec).is_picture or not isinstance(model, Autoencoder) or not fitted.score.in_graph:
        return []
    middle = (len(rows) + _ODD) // 2
    chosen = pd.concat([rows.iloc[:_ODD], rows.iloc[_ODD:].iloc[middle - _ODD :][:_USUAL]])
    part = living_row(
        _judge(model, fitted),
        data,
        data.examples_at(chosen.index.to_numpy()),
        [f"{row} (rank {rank:,})" for row, rank in zip(chosen["row"], chosen["rank"], strict=True)],
        threshold=detector.threshold_,
        spreads=np.asarray(fitted.expectation.spread),
    )
    return [] if part is None else [part]


def _judge(model: Autoencoder, fitted: Any) -> Any:
    """Return the function from `x` to score, p-value, shares and reasons."""

    def judge(x: Any) -> dict[str, Any]:
        account = model.account(x)
        score = fitted(account)
        shares = fitted.shares(account, score, ops.less(ops.abs(x), float("inf")))
        # As `Detector.reasons` for columns, without the shares of all columns for a second time.
        number = ops.cast(ops.top_k(shares, min(REASONS, shares.shape[1]))[1], "int32")
        answer = {"score": score, "p_value": fitted.p_value(score), "shares": shares, "reason": number}
        if fitted.expectation.rounds:
            filled = fitted.expectation.expected(x, number, lambda rows: model.decode(model.encode(rows)))
            answer["expected"] = picked(filled, number)
        return answer

    return judge
