"""Heads on the codes of a fixed encoder: logistic regressions."""

import dataclasses
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

#: Inverse penalty strengths of the logistic regression; the validation labels choose one.
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Inputs and their classes.

    Args:
        x: Inputs of a network, or codes, `(rows, ...)`.
        y: Numbers of classes from 0, `(rows,)`.
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, index: np.ndarray) -> "Labelled":
        """Return some of the rows."""
        return Labelled(self.x[index], self.y[index])


@dataclasses.dataclass(frozen=True)
class Head:
    """`softmax(codes @ kernel + bias)`.

    Args:
        kernel: Kernel, `(latent_dim, classes)`.
        bias: Bias, `(classes,)`.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Return the probability of each class, `(rows, classes)`."""
        return softmax(codes.astype("float64") @ self.kernel + self.bias)


def fit_head(train: Labelled, validation: Labelled, classes: int) -> Head:
    """Fit a logistic regression on codes; the validation labels choose its penalty and the scaling.

    Either each number of a code is standardised, or all are divided by the same number: standardisation would
    amplify principal components that are noise. The scaling is folded into the kernel, so that the head reads
    unscaled codes. A class without a training row is never predicted.
    """
    mean, deviations = train.x.mean(axis=0), train.x.std(axis=0)
    # A number that is the same in all rows is not scaled.
    each = np.where(deviations > 1e-7, deviations, 1.0)
    together = np.full_like(each, np.sqrt(np.mean(deviations**2)) or 1.0)
    heads = [
        _logistic(train, classes, mean, scale, strength)
        for scale in (each, together)
        for strength in STRENGTHS
    ]
    return max(heads, key=lambda head: judge(head.probabilities(validation.x), validation.y))


def _logistic(train: Labelled, classes: int, mean: np.ndarray, scale: np.ndarray, strength: float) -> Head:
    # One thread: at this size several cost thirty times as much on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1):
        # Linearly separable labels have no finite optimum, so a warning on convergence is ignored.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit((train.x - mean) / scale, train.y)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    present = np.unique(train.y)
    if len(present) == 2:
        # With two classes there is one row of coefficients: that of the second class against the first.
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    kernel, bias = np.zeros((train.x.shape[1], classes)), np.full(classes, -1e4)
    kernel[:, present] = (coefficients / scale).T
    bias[present] = intercepts - kernel[:, present].T @ mean
    return Head(kernel, bias)


def judge(probabilities: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the criterion for an epoch or a setting: accuracy, then mean log-likelihood. Higher is better.

    The two are compared in this order.
    """
    chosen = probabilities[np.arange(len(y)), y]
    return float((probabilities.argmax(axis=1) == y).mean()), float(np.log(chosen + 1e-12).mean())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits, by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def stratified_order(y: np.ndarray, seed: int) -> np.ndarray:
    """Return an order of the rows in which every prefix is stratified by class.

    One row of each class comes first. A longer prefix contains all rows of a shorter one.
    """
    draw = np.random.default_rng(seed)
    places = np.empty(len(y))
    for kind, count in zip(*np.unique(y, return_counts=True), strict=True):
        ranks = (np.arange(count) + draw.uniform(size=1)) / count
        ranks[0] = -1
        places[draw.permutation(np.flatnonzero(y == kind))] = ranks
    return np.argsort(places, kind="stable")
