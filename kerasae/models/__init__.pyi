# Written by tests/stubs.py.
from kerasae.models._base import Autoencoder as Autoencoder
from kerasae.models._codec.graphs import in_batches as in_batches
from kerasae.models._codec.plain import without_scales as without_scales
from kerasae.models._deterministic import DeterministicAutoencoder as DeterministicAutoencoder
from kerasae.models._generative import WithPosterior as WithPosterior
from kerasae.models._generative import WithPrior as WithPrior
from kerasae.models._linear import LinearWeights as LinearWeights
from kerasae.models._loading import load_model as load_model
from kerasae.models._sizes import at_size as at_size
from kerasae.models._tiles import rebuilt as rebuilt
from kerasae.models._wiring import all_layers as all_layers
from kerasae.models.contractive import ContractiveAutoencoder as ContractiveAutoencoder
from kerasae.models.denoising import DenoisingAutoencoder as DenoisingAutoencoder
from kerasae.models.sparse import SparseAutoencoder as SparseAutoencoder
from kerasae.models.undercomplete import UndercompleteAutoencoder as UndercompleteAutoencoder
from kerasae.models.variational import VariationalAutoencoder as VariationalAutoencoder
