"""Windows of a series on a device."""

from typing import Any

import numpy as np
from kerasae.export.feeds.series import SeriesFeed
from kerasae.export.views.array import ArrayEdgeView
from kerasae.export.views.series._described import described

from kerasae.preprocessing import Preprocessor


class SeriesEdgeView(ArrayEdgeView):
    """One window on a device, with NaN for a missing reading. `vocabulary.json` describes the channels."""

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        self.feeding = SeriesFeed(self.spec, self._dtype(), self.origin)

    def vocabulary(self) -> dict[str, Any]:
        facts = described(self.preprocessor)
        origins = np.broadcast_to(self.origin, self.spec.shape)[0].tolist()
        for channel, origin in zip(facts["channels"], origins, strict=True):
            channel["origin"] = origin
        return {
            "kind": self.spec.kind,
            **facts,
            "numbers": "what is sent is the reading minus the origin of its channel, NaN if it is missing; "
            "what is answered lacks the origin too",
        }

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "series": described(self.preprocessor)}
