# Written by tests/stubs.py.
from kerasae.baselines.pca import PCA as PCA
from kerasae.data._data import Data as Data
from kerasae.data._parsing import load_data as load_data
from kerasae.metrics.comparison import compare as compare
from kerasae.metrics.evaluation import evaluate as evaluate
from kerasae.models._loading import load_model as load_model
from kerasae.recipe import Recipe as Recipe
from kerasae.runs._run import Run as Run
from kerasae.spec import Spec as Spec
from kerasae.training._train import train as train

__version__: str
