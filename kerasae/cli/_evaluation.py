"""An evaluation in the terminal."""

from typing import TYPE_CHECKING

from kerasae.cli._output import console, print_table

if TYPE_CHECKING:
    from kerasae.workflows import Evaluation


def print_evaluation(evaluation: "Evaluation") -> None:
    """Print the table of an evaluation, and what there is to say."""
    print_table(evaluation.headings, evaluation.table(), evaluation.title)
    for sentence in evaluation.sentences:
        console().print(sentence)
