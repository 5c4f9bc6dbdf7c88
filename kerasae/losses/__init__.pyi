# Written by tests/stubs.py.
from kerasae.losses._base import HIGHEST as HIGHEST
from kerasae.losses._base import ReconstructionLoss as ReconstructionLoss
from kerasae.losses._base import comparable as comparable
from kerasae.losses._base import flatten as flatten
from kerasae.losses._base import greatest as greatest
from kerasae.losses._base import sum_features as sum_features
from kerasae.losses._usual import usual_parts as usual_parts
from kerasae.losses.absolute_error import AbsoluteError as AbsoluteError
from kerasae.losses.bernoulli import Bernoulli as Bernoulli
from kerasae.losses.columns import Columns as Columns
from kerasae.losses.gaussian import Gaussian as Gaussian
from kerasae.losses.laplace import Laplace as Laplace
from kerasae.losses.readings import Readings as Readings
from kerasae.losses.squared_error import SquaredError as SquaredError
from kerasae.losses.tokens import Tokens as Tokens
