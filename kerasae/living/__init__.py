"""Parts of a page in which a model runs: its decoder with sliders, a map of codes, and an editable row.

A program of the graph runs in the page, in plain JavaScript. `Program` traces the function with batch 1, as
an export does, and writes its operations and weights into the page. `operations.js` computes some ninety
operations of TensorFlow. So what the page computes is what the model computes, with the mean of its loss, its
score and the scaling of its preprocessing, and no layer is written a second time. A graph with any other
operation has no such part.

`@litertjs/core`, the LiteRT runtime for browsers, was the alternative. Release 2.5.3 is a WebAssembly file of
9.3 MB, or 12.4 MB as base64. A page from `file://` may not fetch it, and the Content-Security-Policy of the
pages would have to allow WebAssembly. It also needs a TFLite file, and each training would have to wait for
the converter. The scripts here have less than 50 kB.

Each part holds rows with the answers of Python. It computes them when the page is opened, and stays hidden if
an answer differs by more than 1e-5 of the greatest one.
"""

from kerasae.living.decoder import LivingDecoder, living_decoder
from kerasae.living.part import Part
from kerasae.living.program import GraphError, Program
from kerasae.living.row import LivingRow, living_row

__all__ = [
    "LivingDecoder",
    "LivingRow",
    "Part",
    "Program",
    "GraphError",
    "living_decoder",
    "living_row",
]
