# Written by tests/stubs.py.
from kerasae.export.artifact import Artifact as Artifact
from kerasae.export.bundles.bundle import bundle as bundle
from kerasae.export.bundles.verify import Verdict as Verdict
from kerasae.export.bundles.verify import verify as verify
from kerasae.export.cost import device_cost as device_cost
from kerasae.export.formats._base import Format as Format
from kerasae.export.formats.onnx.onnx import ONNX as ONNX
from kerasae.export.formats.saved_model.saved_model import SavedModel as SavedModel
from kerasae.export.formats.tflite.tflite import TFLite as TFLite
from kerasae.export.formats.tiny.tiny import Tiny as Tiny
from kerasae.export.formats.trainable.trainable import Trainable as Trainable
from kerasae.export.opening import load as load
from kerasae.export.parity import TOLERANCES as TOLERANCES
from kerasae.export.parity._errors import ExportError as ExportError
from kerasae.export.parity._errors import ParityError as ParityError
from kerasae.export.parity._measures import Parity as Parity
from kerasae.export.subject import Subject as Subject
