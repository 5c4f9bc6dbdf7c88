"""Figures of texts, and their baselines: nearest neighbours and truncated SVD of TF-IDF."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.neighbors import NearestNeighbors

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation._measures import Figure, Measures, reconstruct
from kerasae.evaluation._rows import RowSums
from kerasae.spec import END, PADDING, UNKNOWN


class TextMeasures(Measures):
    """Shares of tokens, words and whole texts that are reconstructed."""

    headline = (
        Figure("tokens_rebuilt", "tokens rebuilt", False, 3, "share of tokens rebuilt"),
        Figure("words_recalled", "words recalled", False, 3, "share of words recalled"),
        Figure("texts_rebuilt", "texts rebuilt", False, 3),
    )
    judged = ("tokens_rebuilt", "words_recalled")
    notes = (
        "Tokens rebuilt: share of the tokens of the test texts that stand at their place in the "
        "reconstruction; the end of a text counts, padding does not, and a word unknown to the "
        "vocabulary counts as lost.",
        "Words recalled: share of the words of a text that are among those of the reconstruction, "
        "whatever their order.",
        "tfidf-nearest answers with the nearest training text by TF-IDF; tfidf-svd, a truncated SVD of "
        "the same code size, with the words of greatest weight, as many as the text has: it knows no "
        "order. Both are fitted on the training and the validation texts.",
    )

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Return the shares, and the share of tokens by length of the text."""
        ordered = getattr(codec, "ordered", True)
        right: Counter[int] = Counter()
        tokens: Counter[int] = Counter()
        # By text: tokens reconstructed and present, words recalled and present.
        sums: list[tuple[int, int, int, int]] = []
        whole = 0
        for raw, x in data.parts(split):
            rebuilt = reconstruct(codec, raw)
            present = x != PADDING
            hit = present & (rebuilt == x) & (x != UNKNOWN)
            whole += int((hit | ~present).all(axis=1).sum())
            for row, guess, mine, correct in zip(x, rebuilt, present, hit, strict=True):
                length = int(mine.sum()) - 1
                right[length] += int(correct.sum())
                tokens[length] += int(mine.sum())
                truth = Counter(row[mine & (row != END)].tolist())
                ended = np.flatnonzero(guess == END)
                read = guess[: ended[0]] if ordered and len(ended) else guess
                if not ordered:
                    read = read[:length]
                answered = Counter(read[read > END].tolist())
                recalled, words = sum((truth & answered).values()), sum(truth.values())
                sums.append((int(correct.sum()), int(mine.sum()), recalled, words))
        lengths = sorted(tokens)
        by_text = np.array(sums, "float64").T
        rows = {"words_recalled": RowSums(by_text[2], by_text[3])}
        if ordered:
            rows["tokens_rebuilt"] = RowSums(by_text[0], by_text[1])
        return {
            "tokens_rebuilt": rows["tokens_rebuilt"].value if ordered else None,
            "words_recalled": rows["words_recalled"].value or 0.0,
            "texts_rebuilt": whole / len(sums) if ordered else None,
            "tokens_rebuilt_by_length": {
                str(length): round(right[length] / tokens[length], 4) for length in lengths
            }
            if ordered
            else None,
        }, {key: one for key, one in rows.items() if one.value is not None}

    def baselines(self, latent_dim: int, data: Data) -> dict[str, Codec]:
        """Return `tfidf-nearest` and `tfidf-svd`."""
        return {"tfidf-nearest": NearestText().fit(data), "tfidf-svd": TextSVD(latent_dim).fit(data)}

    def doubt(self, ours: Callable[[str], Any], theirs: Callable[[str], Any], key: str) -> str:
        """Qualify a win on tokens without a win on words, because ends of texts are easy to reconstruct."""
        recalled, other = ours("words_recalled"), theirs("words_recalled")
        if key != "tokens_rebuilt" or ours(key) <= theirs(key) or recalled >= other:
            return ""
        return (
            f" But it recalls fewer words, {recalled:.3f} against {other:.3f}: much of it are ends of texts."
        )

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Return whether a baseline reconstructs everything."""
        return figures[key] == 1.0


class _TfIdf:
    """TF-IDF of the words in the vocabulary of the model."""

    def __init__(self) -> None:
        self.preprocessor: Any = None
        self._weights = TfidfTransformer(sublinear_tf=True)

    def _fit_ids(self, data: Data) -> np.ndarray:
        self.preprocessor = data.preprocessor
        self._size = len(data.spec.vocabulary)
        ids = np.concatenate([data.x("train"), data.x("validation")])
        self._weights.fit(self._count(ids))
        return ids

    def _count(self, ids: np.ndarray) -> Any:
        from scipy.sparse import csr_matrix

        rows, places = np.nonzero(ids > END)
        ones = np.ones(len(rows), "float32")
        return csr_matrix((ones, (rows, ids[rows, places])), shape=(len(ids), self._size))

    def _tfidf(self, raw: Any) -> Any:
        return self._weights.transform(self._count(self.preprocessor.to_x(raw)))


class TextPoints(_TfIdf):
    """Texts as TF-IDF vectors, for distances that do not depend on a model."""

    def fit(self, data: Data) -> "TextPoints":
        """Fit the weights of the words, and return the object."""
        self._fit_ids(data)
        return self

    def points(self, raw: Any) -> np.ndarray:
        """Return texts as vectors of length 1, `(texts, words)`, dense."""
        return np.asarray(self._tfidf(raw).toarray(), "float32")


class NearestText(_TfIdf):
    """Nearest training text by the cosine of TF-IDF vectors; its code is the number of that text."""

    latent_dim = 1
    #: Codes are the numbers of examples, so nearby codes do not mean similar examples.
    numbered = True

    def fit(self, data: Data) -> "NearestText":
        """Index the texts, and return the object."""
        self._ids = self._fit_ids(data)
        self._index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute")
        self._index.fit(self._weights.transform(self._count(self._ids)))
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Return the numbers of the nearest texts, `(texts, 1)`."""
        return np.asarray(self._index.kneighbors(self._tfidf(raw), return_distance=False), "float64")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the token ids of texts by their numbers, `(texts, length)`."""
        return self._ids[np.asarray(codes)[:, 0].astype(int)]

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Return texts by their numbers."""
        return self.preprocessor.restore(self.decode(codes))


class TextSVD(_TfIdf):
    """Truncated SVD of TF-IDF vectors, which is PCA without centring; it gives words without order.

    Args:
        latent_dim: Number of components.

    Reference: Deerwester et al. 1990, *JASIS* 41(6), latent semantic analysis.
    """

    #: The words are sorted by weight, not in the order of the text.
    ordered = False

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def fit(self, data: Data) -> "TextSVD":
        """Fit the components, and return the object."""
        ids = self._fit_ids(data)
        counted = self._count(ids)
        self.latent_dim = min(self.latent_dim, min(counted.shape) - 1)
        # scikit-learn also computes shares of the variance, which is 0 if all texts are equal.
        with np.errstate(invalid="ignore"):
            self._svd = TruncatedSVD(self.latent_dim, random_state=0).fit(self._weights.transform(counted))
        self._length = ids.shape[1]
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Encode texts as codes, `(texts, latent_dim)`."""
        return np.asarray(self._svd.transform(self._tfidf(raw)), "float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes to the ids of the words with the largest weights, `(texts, length)`."""
        weights = self._svd.inverse_transform(np.asarray(codes))
        weights[:, : END + 1] = -np.inf
        length = min(self._length, weights.shape[1] - 1)
        best = np.argpartition(-weights, length, axis=1)[:, :length]
        order = np.argsort(-np.take_along_axis(weights, best, axis=1), axis=1)
        word_ids = np.take_along_axis(best, order, axis=1)
        return np.pad(word_ids, [(0, 0), (0, self._length - length)], constant_values=PADDING)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes to texts of the words with the largest weights."""
        return self.preprocessor.restore(self.decode(codes))

    def count_params(self) -> int:
        """Return the number of stored numbers."""
        return int(self._svd.components_.size)
