# Written by tests/stubs.py.
from kerasae.models._base import Autoencoder as Autoencoder
from kerasae.models._deterministic import DeterministicAutoencoder as DeterministicAutoencoder
from kerasae.models._loading import load_model as load_model
from kerasae.models.contractive import ContractiveAutoencoder as ContractiveAutoencoder
from kerasae.models.denoising import DenoisingAutoencoder as DenoisingAutoencoder
from kerasae.models.sparse import SparseAutoencoder as SparseAutoencoder
from kerasae.models.undercomplete import UndercompleteAutoencoder as UndercompleteAutoencoder
from kerasae.models.variational import VariationalAutoencoder as VariationalAutoencoder
