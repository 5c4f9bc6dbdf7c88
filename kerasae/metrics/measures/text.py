"""Figures of texts."""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from kerasae.codec import Codec, is_ordered
from kerasae.data import Data
from kerasae.metrics._codes import reconstruct
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import RowSums
from kerasae.metrics.measures._base import Measures
from kerasae.spec import END, PADDING, UNKNOWN


class TextMeasures(Measures):
    """Shares of tokens, words and whole texts that are reconstructed."""

    deciding: ClassVar[tuple[Metric, ...]] = (
        Metric("tokens_rebuilt", "tokens rebuilt", lower=False, digits=3, phrase="share of tokens rebuilt"),
        Metric("words_recalled", "words recalled", lower=False, digits=3, phrase="share of words recalled"),
    )
    others: ClassVar[tuple[Metric, ...]] = (Metric("texts_rebuilt", "texts rebuilt", lower=False, digits=3),)
    notes: ClassVar[tuple[str, ...]] = (
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
        ordered = is_ordered(codec)
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
