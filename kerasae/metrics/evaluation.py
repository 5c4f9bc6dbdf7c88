"""evaluate: a dict of figures for any codec."""

from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasae.codec import Codec, HasParameters
from kerasae.data import Data, has_label
from kerasae.metrics._codes import codes_of
from kerasae.metrics._rows import RowSums
from kerasae.metrics.measures import measures_of


def evaluate(codec: Codec, data: Data, split: str = "test") -> dict[str, Any]:
    """Measure a codec on a split that it was not trained on.

    Args:
        codec: Autoencoder, PCA, or a loaded artifact.
        data: Data with the preprocessor in whose `x` errors are measured.
        split: Name of the split.

    Returns:
        Figures by key. Images and vectors have `error`, the mean squared error per feature, in squared units
        of `x`; `absolute_error`, in units of `x`; and `explained_variance`, 1 minus the squared error over
        that of the training mean, or `None` if the rows do not vary. Tables have `error`, over the observed
        numbers and dates, in squared units of `x`, and `wrong`, the share of observed categories and booleans
        that are wrong. Texts have the shares `tokens_rebuilt`, `words_recalled` and `texts_rebuilt`, and
        `tokens_rebuilt_by_length`. All have `probe_accuracy`, of a logistic regression from standardised
        codes to labels, fitted on the training split (`None` without labels); `latent_dim`; `parameters`; and
        `rows`.

    Raises:
        ValueError: If the split has no rows.
    """
    return evaluate_rows(codec, data, split)[0]


def evaluate_rows(codec: Codec, data: Data, split: str = "test") -> tuple[dict[str, Any], dict[str, RowSums]]:
    """Return the result of `evaluate`, and the contribution of each row to the deciding figures.

    Rows that share readings, as windows of a log do, contribute as one row for each block of them.
    """
    if not len(data.split(split)):
        raise ValueError(f"Expected rows in the {split} split of {data.name}, received none.")
    figures, rows = measures_of(data.spec).measured(codec, data, split)
    return {
        **figures,
        "probe_accuracy": probe_accuracy(codec, data, split),
        "latent_dim": codec.latent_dim,
        "parameters": int(codec.count_params()) if isinstance(codec, HasParameters) else None,
        "rows": len(data.split(split)),
    }, {key: sums.by_block(data.split(split).block) for key, sums in rows.items()}


def has_classes(data: Data, split: str = "test") -> bool:
    """Return whether a classifier can learn the labels, and be judged on a split.

    Quantities are no classes, and neither are labels that most rows have alone.
    """
    labels, judged = data.train.labels, data.split(split).labels
    if labels is None or judged is None or labels.dtype.kind == "f" or not has_label(judged).any():
        return False
    labels = labels[has_label(labels)]
    return 1 < len(set(labels.tolist())) <= max(2, len(labels) // 2)


def probe_accuracy(
    codec: Codec, data: Data, split: str = "test", most: int = 10_000, judged_most: int = 200_000
) -> float | None:
    """Return the accuracy of a linear classifier on the codes, or `None` without class labels.

    Rows without a label are left out of training and test.

    Args:
        codec: Codec with the codes.
        data: Data with labels in the training split and in `split`.
        split: Name of the split on which the accuracy is measured.
        most: Largest number of training rows for the classifier; more rows are subsampled.
        judged_most: Largest number of rows on which the accuracy is measured; more rows are subsampled.
    """
    few = data.drawn("train", most).drawn(split, judged_most)
    labels, judged = few.train.labels, few.split(split).labels
    if labels is None or judged is None or not has_classes(few, split):
        return None
    taught, known = has_label(labels), has_label(judged)
    labels = labels[taught]
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(codes_of(codec, few, "train")[taught], labels)
    right = done = 0
    # Part by part, because the codes of all rows and their scaled copies would be the peak of an evaluation.
    for raw in few.split(split).chunks():
        rows = slice(done, done + len(raw))
        right += int((probe.predict(codec.transform(raw)) == judged[rows])[known[rows]].sum())
        done += len(raw)
    return right / int(known.sum())
