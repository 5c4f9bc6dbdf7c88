# Written by tests/stubs.py.
from kerasae.applications._base import Application as Application
from kerasae.applications._base import Finding as Finding
from kerasae.applications._kept import is_kept as is_kept
from kerasae.applications.anomaly.estimator import AnomalyDetector as AnomalyDetector
from kerasae.applications.clustering.estimator import Clustering as Clustering
from kerasae.applications.compression.estimator import Compression as Compression
from kerasae.applications.denoising.estimator import Denoising as Denoising
from kerasae.applications.generation.estimator import Generation as Generation
from kerasae.applications.imputation.estimator import Imputer as Imputer
from kerasae.applications.pretraining.estimator import Pretraining as Pretraining
from kerasae.applications.pretraining.stacking import stack as stack
from kerasae.applications.reduction.estimator import Reduction as Reduction
from kerasae.applications.retrieval.estimator import Retrieval as Retrieval
from kerasae.applications.uncertainty.estimator import Uncertainty as Uncertainty
