"""Evidence of rare categories, and of categories that are nearly spelt like frequent ones."""

from collections.abc import Sequence

import numpy as np

from kerasae.scores.support._ranges import evidence

#: A category may be a typing error of another one that is as many times as frequent.
_OFTENER = 5


def rarity(asked: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the evidence of codes of a category that some training rows have, in nats.

    It is `-log(p)`, where `p` is the share of the rows whose code is as rare, if each row is compared with
    the others: a code of one row is new to it. For a code that no row has, this is Good's estimate of all
    unseen ones. In a column of names nearly every row is alone, and a rare name adds nothing.

    Args:
        asked: Number of training rows with each code that is asked for, `(asked,)`.
        counts: Number of training rows with each code of the column, `(codes,)`.
    """
    rows = int(counts.sum())
    rarer = np.array([counts[counts <= count + 1].sum() for count in asked])
    return -np.log(np.minimum((rarer + 0.5) / (rows + 1.0), 1.0))


def misspelt(words: Sequence[str], counts: np.ndarray) -> np.ndarray:
    """Return the evidence that each word is a typing error, in nats.

    A word is suspect if another one, at least five times as frequent, differs from it by one letter that is
    dropped, added, replaced or exchanged with the next, or by capitals and spaces only. Digits do not count:
    11th and 12th are two things. The evidence is `-log p` of the share of the rows with a suspect word.

    Args:
        words: Words of the column.
        counts: Number of training rows with each word, `(words,)`.
    """
    suspect = np.zeros(len(words), bool)
    frequent = [i for i in np.argsort(-counts, kind="stable") if counts[i] >= _OFTENER]
    for i, word in enumerate(words):
        likely = (words[k] for k in frequent if counts[k] >= _OFTENER * max(counts[i], 1))
        suspect[i] = counts[i] > 0 and any(is_slip(word, other) for other in likely)
    rows = int(counts.sum())
    share = counts[suspect].sum()
    return np.where(suspect, evidence(share, rows), 0.0)


def is_slip(word: str, other: str) -> bool:
    """Return whether two different words differ by one slip of the hand."""
    plain, right = ("".join(one.casefold().split()) for one in (word, other))
    if plain == right:
        return word != other
    if abs(len(plain) - len(right)) > 1 or min(len(plain), len(right)) < 3:
        return False
    start = 0
    while start < min(len(plain), len(right)) and plain[start] == right[start]:
        start += 1
    one, two = plain[start:], right[start:]
    changed = one[:1] + two[:1]
    if changed and not all(letter.isalpha() for letter in changed):
        return False
    return (
        one[1:] == two[1:]
        or one[1:] == two
        or one == two[1:]
        or (len(one) > 1 and len(two) > 1 and one[0] == two[1] and one[1] == two[0] and one[2:] == two[2:])
    )
