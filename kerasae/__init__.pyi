# Written by tests/stubs.py.
from kerasae.data._data import Data as Data
from kerasae.data._parsing import load_data as load_data
from kerasae.evaluation.compare import compare as compare
from kerasae.evaluation.metrics import evaluate as evaluate
from kerasae.evaluation.pca import PCA as PCA
from kerasae.models._loading import load_model as load_model
from kerasae.recipe import Recipe as Recipe
from kerasae.runs import Run as Run
from kerasae.spec import Spec as Spec
from kerasae.training import train as train

__version__: str
