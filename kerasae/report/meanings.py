"""meanings: what the figures at the head of a table mean, a sentence each."""

from collections.abc import Sequence

#: Sentences by the beginning of a heading. The longest beginning that fits is taken.
_MEANINGS = {
    "test error": "Mean squared difference between an entry and its reconstruction, on rows that no training "
    "saw, in squared units of the scaled data. 0 is perfect. For standardised data 1 is as bad as the mean.",
    "explained variance": "1 minus the test error over the error of predicting the training mean. 1 is "
    "perfect, and 0 is as bad as the mean.",
    "categories wrong": "Share of the categories and booleans that come back as another one.",
    "tokens rebuilt": "Share of the words of a text that come back at their place.",
    "words recalled": "Share of the words of a text that come back, in whatever order.",
    "texts rebuilt": "Share of the texts that come back without any fault.",
    "probe accuracy": "Accuracy of a linear classifier that knows only the codes. It says how much of the "
    "labels the codes hold, which no training saw.",
    "seconds": "Time of the training.",
    "parameters": "Number of trained weights.",
    "code size": "Number of numbers in a code.",
    "AUC-PR of anomalies": "Average precision over all thresholds, for rows with the label of anomalies. The "
    "share of anomalies is chance, and 1 is perfect.",
    "threshold": "Score above which a row is flagged.",
    "flagged": "Number of rows with a score above the threshold.",
    "AUROC": "Chance that an anomaly has a higher score than a normal row. 0.5 is chance, and 1 is perfect.",
    "average precision": "Mean precision over all thresholds. The share of anomalies is chance.",
    "AUC-PR": "Mean precision over all thresholds. The share of anomalies is chance.",
    "VUS-PR": "Average precision that forgives small shifts in time, averaged over their lengths.",
    "recall": "Share of the anomalies that are flagged.",
    "recall@": "Share of the rows with the label of the query that are among its neighbours.",
    "precision": "Share of the flagged rows that are anomalies; of samples, the share that lies among real "
    "examples.",
    "precision and recall": "Mean of the two, by which models that generate are compared.",
    "precision@": "Share of the neighbours that have the label of the query.",
    "mean average precision": "Mean precision over the neighbours of a query in order, over all queries.",
    "false alarms": "Share of the normal rows that are flagged.",
    "false alarms a day": "Number of alarms outside of all events, for each day of the log.",
    "alarms": "Number of stretches of time with scores above the threshold.",
    "events found": "Number of known events with at least one alarm.",
    "delay": "Time from the beginning of an event to its first alarm.",
    "adjusted Rand": "Agreement of clusters and labels. 0 is chance, and 1 is perfect.",
    "NMI": "Mutual information of clusters and labels, as a share of their entropies. 1 is perfect.",
    "matched accuracy": "Share of the rows whose cluster is that of their label, with each cluster matched "
    "to one label.",
    "clusters": "Number of clusters.",
    "silhouette": "How much nearer a row is to its own cluster than to the next one, from -1 to 1.",
    "trustworthiness": "1 if no rows are near in the code that are not near in the data.",
    "neighbours kept": "Share of the nearest neighbours in the data that are nearest in the code too.",
    "neighbours in x found": "Share of the nearest neighbours in the data that the search returns.",
    "exact neighbours found": "Share of the nearest codes that the approximate search returns.",
    "bits per": "Bits of the compressed file for each part of an example.",
    "bits per row": "Bits of the compressed file for each row.",
    "bytes": "Size of the compressed file.",
    "bytes per row": "Size of the compressed file for each row.",
    "times smaller": "Size of the raw examples over that of the compressed file.",
    "change": "Root of the mean squared difference between a noisy entry and the cleaned one, in the scaled "
    "data.",
    "error before": "Mean squared error of the noisy entries, where the clean ones are known.",
    "error after": "Mean squared error of the cleaned entries, where the clean ones are known.",
    "PSNR": "Ratio of the greatest possible signal and the error, in decibels. Higher is better.",
    "SSIM": "Structural similarity with the clean image. 1 is equal.",
    "hidden cells": "Number of known cells that were hidden and filled again.",
    "error": "Mean squared error of the filled numbers, in squared units of the scaled data.",
    "error of the mean": "The same error if every cell is filled with the mean.",
    "wrong of the mode": "Share of wrong categories if every cell is filled with the most frequent one.",
    "held by the": "Share of the cells whose true value lies in the interval. It should be the stated share.",
    "mean width": "Mean width of the intervals, in the scaled data.",
    "effective draws": "Number of draws without weights that would be as exact as the weighted ones.",
    "score": "Mean of -log p(x|z) over draws of the code.",
    "its deviation": "Standard deviation of the score of a row over draws of its code.",
    "deviation of a cell": "Standard deviation of a decoded cell over draws of the code.",
    "drawn from": "Distribution from which the codes of new examples are drawn.",
    "told from real": "Area under the curve of a classifier that tells samples from real rows. 0.5 means "
    "that it cannot.",
    "of a Gaussian copula": "The same area for samples of a Gaussian copula, for comparison.",
    "nearest / held-out": "Distance of a sample from the nearest training row, over that of a held-out row. "
    "Far below 1, samples are copies.",
    "path / held-out": "The same ratio for the examples on paths between two codes.",
    "step ratio": "Longest step over mean step on a path. 1 is an even path.",
    "looks like": "Share of the rows that a classifier takes for this label.",
    "classes": "Number of classes.",
    "labels": "Number of labels to learn from.",
    "labels that choose": "Number of further labels, which choose the settings.",
    "accuracy": "Share of the test rows with the right class.",
    "rows": "Number of rows.",
    "images": "Number of images.",
    "share of the channels": "Share of the channels of the maps that the file holds.",
    "of normal rows": "Range of the share of normal rows that would be flagged.",
    "score distance": "Greatest difference of the distributions of scores, then and now, from 0 to 1.",
    "moved": "Number of quantities whose distribution has changed.",
    "drift": "Whether the rows differ from those of the training.",
}


def meanings(headings: Sequence[str]) -> list[tuple[str, str]]:
    """Return the meaning of each heading that has one, in order.

    Args:
        headings: Headings of a table.
    """
    found = ((heading, _meaning(heading)) for heading in headings)
    return [(heading, meaning) for heading, meaning in found if meaning]


def _meaning(heading: str) -> str:
    fitting = [start for start in _MEANINGS if _begins(heading, start)]
    return _MEANINGS.get(max(fitting, key=len, default=""), "")


def _begins(heading: str, start: str) -> bool:
    """Return whether a heading begins with these words, and no word is cut."""
    after = heading[len(start) : len(start) + 1]
    return heading.startswith(start) and not (start[-1].isalnum() and after.isalnum())
