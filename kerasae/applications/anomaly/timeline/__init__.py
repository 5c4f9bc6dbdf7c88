"""Anomalies on the axis of time: scores of time stamps, alarms as intervals, and events that were found."""

from kerasae.applications.anomaly.timeline.alarms import Interval, intervals
from kerasae.applications.anomaly.timeline.axis import TimeAxis
from kerasae.applications.anomaly.timeline.events import EventFigures, event_figures, events_of
from kerasae.applications.anomaly.timeline.fold import (
    FOLDS,
    Fold,
    folded,
    folded_block,
    stamp_scores,
    strongest,
)
from kerasae.applications.anomaly.timeline.settings import AlarmSettings
from kerasae.applications.anomaly.timeline.spread import ChannelSpread
from kerasae.applications.anomaly.timeline.timeline import Timeline

__all__ = [
    "FOLDS",
    "AlarmSettings",
    "ChannelSpread",
    "EventFigures",
    "Fold",
    "Interval",
    "TimeAxis",
    "Timeline",
    "event_figures",
    "events_of",
    "folded",
    "folded_block",
    "intervals",
    "stamp_scores",
    "strongest",
]
