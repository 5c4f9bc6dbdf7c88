"""Figures for texts, and the baselines beside them: TF-IDF by neighbours and by truncated SVD."""

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
    """Shares of tokens, words and whole texts rebuilt."""

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
        """The shares, and the share of tokens by length of the text."""
        ordered = getattr(codec, "ordered", True)
        right: Counter[int] = Counter()
        tokens: Counter[int] = Counter()
        # By text: tokens rebuilt and there, words recalled and there.
        sums: list[tuple[int, int, int, int]] = []
        whole = 0
        for raw, x in data.parts(split):
            rebuilt = reconstruct(codec, raw)
            there = x != PADDING
            hit = there & (rebuilt == x) & (x != UNKNOWN)
            whole += int((hit | ~there).all(axis=1).sum())
            for row, guess, mine, found in zip(x, rebuilt, there, hit, strict=True):
                length = int(mine.sum()) - 1
                right[length] += int(found.sum())
                tokens[length] += int(mine.sum())
                truth = Counter(row[mine & (row != END)].tolist())
                ended = np.flatnonzero(guess == END)
                read = guess[: ended[0]] if ordered and len(ended) else guess
                if not ordered:
                    read = read[:length]
                said = Counter(read[read > END].tolist())
                recalled, words = sum((truth & said).values()), sum(truth.values())
                sums.append((int(found.sum()), int(mine.sum()), recalled, words))
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
        """`tfidf-nearest` and `tfidf-svd`."""
        return {"tfidf-nearest": NearestText().fit(data), "tfidf-svd": TextSVD(latent_dim).fit(data)}

    def doubt(self, ours: Callable[[str], Any], theirs: Callable[[str], Any], key: str) -> str:
        """Ends of texts are easy to rebuild: tokens without words are worth little."""
        one, other = ours("words_recalled"), theirs("words_recalled")
        if key != "tokens_rebuilt" or ours(key) <= theirs(key) or one >= other:
            return ""
        return f" But it recalls fewer words, {one:.3f} against {other:.3f}: much of it are ends of texts."

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Whether nothing is left to rebuild."""
        return figures[key] == 1.0


class _TfIdf:
    """TF-IDF of the words of the model's own vocabulary."""

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
    """Texts as their TF-IDF vectors, for distances that no model has a hand in."""

    def fit(self, data: Data) -> "TextPoints":
        """Finds the weights of the words; returns itself."""
        self._fit_ids(data)
        return self

    def points(self, raw: Any) -> np.ndarray:
        """Texts to vectors of length 1, `(texts, words)`, dense."""
        return np.asarray(self._tfidf(raw).toarray(), "float32")


class NearestText(_TfIdf):
    """The nearest training text by the cosine of TF-IDF vectors; its code is the number of that text."""

    latent_dim = 1
    #: Codes are the numbers of examples: those that are near are not alike.
    numbered = True

    def fit(self, data: Data) -> "NearestText":
        """Indexes the texts; returns itself."""
        self._ids = self._fit_ids(data)
        self._index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute")
        self._index.fit(self._weights.transform(self._count(self._ids)))
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Texts to the numbers of their neighbours, `(texts, 1)`."""
        return np.asarray(self._index.kneighbors(self._tfidf(raw), return_distance=False), "float64")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Numbers of texts to their ids, `(texts, length)`."""
        return self._ids[np.asarray(codes)[:, 0].astype(int)]

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Numbers of texts to the texts."""
        return self.preprocessor.restore(self.decode(codes))


class TextSVD(_TfIdf):
    """A truncated SVD of TF-IDF vectors, which is PCA without centring; words without order.

    Args:
        latent_dim: components.

    Reference: Deerwester et al. 1990, *JASIS* 41(6), latent semantic analysis.
    """

    #: The words come by weight, not in the order of the text.
    ordered = False

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def fit(self, data: Data) -> "TextSVD":
        """Finds the components; returns itself."""
        ids = self._fit_ids(data)
        counted = self._count(ids)
        self.latent_dim = min(self.latent_dim, min(counted.shape) - 1)
        # Texts that are all the same have no variance for the shares that it works out too.
        with np.errstate(invalid="ignore"):
            self._svd = TruncatedSVD(self.latent_dim, random_state=0).fit(self._weights.transform(counted))
        self._length = ids.shape[1]
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Texts to codes `(texts, latent_dim)`."""
        return np.asarray(self._svd.transform(self._tfidf(raw)), "float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes to the ids of the words of greatest weight, `(texts, length)`."""
        weights = self._svd.inverse_transform(np.asarray(codes))
        weights[:, : END + 1] = -np.inf
        length = min(self._length, weights.shape[1] - 1)
        best = np.argpartition(-weights, length, axis=1)[:, :length]
        order = np.argsort(-np.take_along_axis(weights, best, axis=1), axis=1)
        found = np.take_along_axis(best, order, axis=1)
        return np.pad(found, [(0, 0), (0, self._length - length)], constant_values=PADDING)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Codes to texts of the words of greatest weight."""
        return self.preprocessor.restore(self.decode(codes))

    def count_params(self) -> int:
        """Numbers stored."""
        return int(self._svd.components_.size)
