"""TextPreprocessing: texts as token ids."""

import re
import string
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.spec import END, PADDING, UNKNOWN, Spec

#: Letters of scripts without spaces between words: Chinese, Japanese, Thai, Lao, Burmese and Khmer.
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
#: Number of texts that show the script.
_SAMPLE = 1000
#: Share of unknown words in a text that `augment` makes.
_UNKNOWN_SHARE = 0.1


@keras.saving.register_keras_serializable(package="kerasae")
class TextPreprocessing(Preprocessor):
    """A text as the ids of its tokens and an end token, padded with 0.

    A restored text has the tokens up to the end, joined by spaces (characters are joined without). By
    default it is in lower case and without punctuation, as TensorFlow defines them: only the letters A to Z
    become lower case, and only punctuation of ASCII is left out. It has `[UNK]` for unknown words, and is
    cut at the length.

    Args:
        spec: Description of the text.
        tokens: Unit of a token: `"words"` or `"characters"`. Defaults to `"words"`.
        standardize: Standardisation as in `keras.layers.TextVectorization`: `"lower_and_strip_punctuation"`,
            `"lower"`, `"strip_punctuation"` or `None`. Defaults to `"lower_and_strip_punctuation"`.
        max_tokens: Greatest size of the vocabulary, which holds the most frequent tokens of the training
            texts. Defaults to 20,000.
        max_length: Greatest number of tokens in a text, with the end token. It is reduced if all training
            texts are shorter. Defaults to 64.
        resampled: Share of the texts in each training batch whose words are replaced, each by one drawn from
            the different words of the batch. Real texts show few words at each position; such texts teach
            the code to hold any word anywhere. Set it to 0 for a model that generates. Defaults to 0.7.

    Call arguments:
        inputs: Strings, `(batch,)`.

    Returns:
        `x`, token ids `(batch, length)`, int32.
    """

    kinds = ("text",)
    x_dtype = "int32"
    blank = UNKNOWN

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        tokens: Literal["words", "characters"] = "words",
        standardize: Literal["lower_and_strip_punctuation", "lower", "strip_punctuation"]
        | None = "lower_and_strip_punctuation",
        max_tokens: int = 20_000,
        max_length: int = 64,
        resampled: float = 0.7,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, **kwargs)
        if tokens not in ("words", "characters"):
            raise ValueError(f"`tokens` must be 'words' or 'characters', received {tokens!r}.")
        if max_tokens < 4:
            raise ValueError(f"`max_tokens` must be at least 4, received {max_tokens}.")
        if max_length < 2:
            raise ValueError(f"`max_length` must be at least 2, a token and the end, received {max_length}.")
        if not 0 <= resampled <= 1:
            raise ValueError(f"`resampled` must be in [0, 1], received {resampled}.")
        self.tokens = tokens
        self.standardize = standardize
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.resampled = resampled
        # Strings are looked up outside XLA.
        self.supports_jit = False
        self._make_lookups()

    def _layer(self, **arguments: Any) -> keras.layers.TextVectorization:
        return keras.layers.TextVectorization(
            standardize=self.standardize,
            split="whitespace" if self.tokens == "words" else "character",
            **arguments,
        )

    def _make_lookups(self) -> None:
        self._ids: Any = None
        if not self.spec.vocabulary:
            return
        # The end token is in the vocabulary at its id. Its name has spaces, so no token of a text equals it.
        words = list(self.spec.vocabulary[END:])
        self._ids = self._layer(vocabulary=words, output_sequence_length=self.spec.shape[0] - 1)
        self._words = keras.layers.StringLookup(vocabulary=words, mask_token="", invert=True)

    @property
    def lookups(self) -> list[keras.layers.Layer]:
        return [self._ids, self._words]

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "TextPreprocessing":
        if self.tokens == "words":
            _check_script(np.concatenate([self.tensors(chunk)[:_SAMPLE] for chunk in chunks()])[:_SAMPLE])
        layer = self._layer(max_tokens=self.max_tokens - 1)
        layer.adapt(_dataset(self.tensors(chunk) for chunk in chunks()))
        known = [str(token) for token in layer.get_vocabulary(include_special_tokens=False)]
        if not known:
            raise ValueError("Expected texts with tokens, received empty ones alone.")
        whole = self._layer(vocabulary=known, ragged=True)
        longest = max(int(tf.reduce_max(whole(self.tensors(chunk)).row_lengths())) for chunk in chunks())
        vocabulary = ("", "[UNK]", "[end of text]", *known)
        length = min(longest + 1, self.max_length)
        self.spec = Spec("text", (length,), "string", vocabulary=vocabulary)
        self._make_lookups()
        return self

    def tensors(self, raw: Any) -> np.ndarray:
        if isinstance(raw, str):
            raise TypeError("Expected a list of texts, received one text; put it into a list.")
        if hasattr(raw, "columns"):
            raise TypeError("Expected texts, received a table; take its column of texts.")
        return np.array(["" if _is_missing(text) else str(text) for text in raw], dtype=object)

    def inputs(self) -> Any:
        return keras.Input((), dtype="string", name="raw")

    def call(self, inputs: Any) -> Any:
        if self._ids is None:
            raise ValueError("The vocabulary is not known yet; call `fit` with the training examples.")
        ids = ops.pad(ops.cast(self._ids(inputs), "int32"), [[0, 0], [0, 1]])
        used = ops.sum(ops.cast(ops.not_equal(ids, PADDING), "int32"), axis=1, keepdims=True)
        positions = ops.arange(self.spec.shape[0], dtype="int32")[None, :]
        return ops.where(ops.equal(positions, used), ops.full_like(ids, END), ids)

    def inverse(self, x: Any) -> Any:
        """Convert ids to tokens, `(batch, length)`, empty for padding and for everything after the end."""
        ids = ops.cast(x, "int32")
        ended = ops.cumsum(ops.cast(ops.equal(ids, END), "int32"), axis=1) > 0
        return self._words(ops.where(ended, ops.zeros_like(ids), ids))

    def restore(self, x: Any) -> np.ndarray:
        """Convert ids to texts, `(batch,)`, strings."""
        words = ops.convert_to_numpy(self.inverse(ops.convert_to_tensor(x)))
        glue = " " if self.tokens == "words" else ""
        return np.array([glue.join(word.decode() for word in row if word) for row in words], dtype=object)

    def written(self, texts: Any) -> list[list[str]]:
        """Return the tokens of texts as they stand there, unknown ones too, one list for each text."""
        stripped = self.standardize in ("lower_and_strip_punctuation", "strip_punctuation")
        left_out = string.punctuation if stripped else ""
        tokens = []
        for text in self.tensors(texts):
            # The layer splits at these signs only, and drops what is nothing but punctuation.
            parts = re.split(r"[ \t\n\v\f\r]+", text) if self.tokens == "words" else [*text]
            tokens.append(
                [part for part in parts if part.strip(left_out)] if left_out else [*filter(None, parts)]
            )
        return tokens

    def augment(self, x: Any, seed: Any) -> Any:
        """Return a training batch in which the words of some texts are replaced by words of the batch."""
        rows = tf.random.stateless_uniform((tf.shape(x)[0], 1), seed) < self.resampled
        words = tf.unique(tf.boolean_mask(x, x > END)).y
        draw = tf.random.stateless_uniform(
            tf.shape(x), seed + 1, minval=0, maxval=tf.maximum(tf.size(words), 1), dtype=tf.int32
        )
        drawn = tf.gather(tf.concat([words, [UNKNOWN]], 0), draw)
        # If every training word has an id, a model sees unknown words only here.
        unknown = tf.random.stateless_uniform(tf.shape(x), seed + 2) < _UNKNOWN_SHARE
        return tf.where(rows & (x > END), tf.where(unknown, UNKNOWN, drawn), x)

    def check_noise(self, continuous: bool) -> None:
        if continuous:
            raise ValueError(
                "This corruption needs numbers, received token ids; use --set model.corruption=masking "
                "or swap."
            )

    def mend(self, x: Any, noisy: Any, continuous: bool) -> Any:
        kept = (x == PADDING) | (x == END) | (noisy == PADDING) | (noisy == END)
        return ops.where(kept, x, noisy)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None, *self.spec.shape)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor((None, *self.spec.shape), "int32")

    def get_config(self) -> dict[str, Any]:
        names = ("tokens", "standardize", "max_tokens", "max_length", "resampled")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _check_script(texts: np.ndarray) -> None:
    """Warn of texts without spaces between words, because each text would be one word or two."""
    joined = "".join(texts)
    letters = sum(map(str.isalpha, joined))
    if letters and len(_UNSPACED.findall(joined)) > letters / 2:
        warnings.warn(
            "The texts are in a script without spaces between words, such as Chinese, Japanese or Thai: a "
            "whole sentence counts as one word, which no new text has; take characters with --set "
            "preprocessing.name=text --set preprocessing.tokens=characters.",
            stacklevel=2,
        )


def _is_missing(text: Any) -> bool:
    return text is None or text is pd.NA or text != text


def _dataset(parts: Iterable[np.ndarray]) -> "tf.data.Dataset[Any]":
    return tf.data.Dataset.from_generator(
        lambda: iter(parts), output_signature=tf.TensorSpec((None,), tf.string)
    )
