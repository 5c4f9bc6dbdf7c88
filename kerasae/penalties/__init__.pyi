# Written by tests/stubs.py.
from kerasae.penalties._base import Penalty as Penalty
from kerasae.penalties._base import average as average
from kerasae.penalties.gaussian_kl import GaussianKL as GaussianKL
from kerasae.penalties.kl_sparsity import KLSparsity as KLSparsity
from kerasae.penalties.l1 import L1 as L1
from kerasae.penalties.rate import Rate as Rate
from kerasae.penalties.squared_jacobian import SquaredJacobian as SquaredJacobian
