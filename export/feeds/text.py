"""Texts as token ids."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from kerasae.export.feeds._feed import Feed

from kerasae.spec import END, PADDING, UNKNOWN, Spec

#: Marks that `keras.layers.TextVectorization` strips.
_MARKS = re.compile(r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']')
#: White space at which `tf.strings.split` splits a text.
_SPACES = re.compile(r"[ \t\n\v\f\r]+")


class TextFeed(Feed):
    """Texts as token ids. The end token follows the text, then zeros up to the length.

    The ids are those of `keras.layers.TextVectorization`, which a model has.

    Args:
        spec: Fitted spec of the texts.
        tokens: Unit of a token, `"words"` or `"characters"`.
        standardize: Standardisation, as in `TextPreprocessing`.
    """

    is_line = True

    def __init__(self, spec: Spec, tokens: str, standardize: str | None) -> None:
        super().__init__(spec)
        self.tokens, self.standardize = tokens, standardize
        self._ids = {token: i for i, token in enumerate(spec.vocabulary) if i > END}

    def to_dict(self) -> dict[str, Any]:
        return {"tokens": self.tokens, "standardize": self.standardize}

    def __call__(self, raw: Any) -> dict[str, np.ndarray]:
        length = self.spec.shape[0]
        x = np.full((len(raw), length), PADDING, "int32")
        for row, text in zip(x, raw, strict=True):
            ids = [self._ids.get(token, UNKNOWN) for token in self._split(text)[: length - 1]]
            row[: len(ids)] = ids
            row[len(ids)] = END
        return {"x": x}

    def served(self, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return {"x": np.array([*raw], dtype=object)}

    def _split(self, text: str) -> list[str]:
        standardize = self.standardize or ""
        if "lower" in standardize:
            # TensorFlow changes the letters of ASCII only.
            text = "".join(mark.lower() if mark.isascii() else mark for mark in text)
        if "strip" in standardize:
            text = _MARKS.sub("", text)
        if self.tokens == "words":
            return [token for token in _SPACES.split(text) if token]
        return [*text]

    def raw_value(self, feature: int, number: float) -> Any:
        token = round(number) if np.isfinite(number) else PADDING
        return self.spec.vocabulary[token] if 0 <= token < len(self.spec.vocabulary) else None

    def of_entries(self, rows: Sequence[Any]) -> Any:
        return [str(row) for row in rows]

    def of_values(self, rows: Sequence[Any]) -> Any:
        texts = [row["text"] if isinstance(row, dict) and "text" in row else row for row in rows]
        for text in texts:
            if not isinstance(text, str):
                raise ValueError(f"Expected a text, or an object with the key 'text', received {text!r:.80}.")
        return texts
