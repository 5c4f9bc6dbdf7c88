# Written by tests/stubs.py.
from kerasae.export._artifact import Artifact as Artifact
from kerasae.export._bundle import bundle as bundle
from kerasae.export._codec import load as load
from kerasae.export._device_cost import device_cost as device_cost
from kerasae.export._parity import TOLERANCES as TOLERANCES
from kerasae.export._parity import ExportError as ExportError
from kerasae.export._parity import Parity as Parity
from kerasae.export._parity import ParityError as ParityError
from kerasae.export._subject import Subject as Subject
from kerasae.export._verify import Verdict as Verdict
from kerasae.export._verify import verify as verify
from kerasae.export.onnx import onnx as onnx
from kerasae.export.saved_model import saved_model as saved_model
from kerasae.export.tflite import tflite as tflite
from kerasae.export.tiny import tiny as tiny
from kerasae.export.trainable import trainable as trainable
