# Written by tests/stubs.py.
from kerasae.applications._base import Application as Application
from kerasae.applications._base import Finding as Finding
from kerasae.applications._pretraining_stacking import stack as stack
from kerasae.applications._run import Outcome as Outcome
from kerasae.applications._run import apply as apply
from kerasae.applications.anomaly import AnomalyDetector as AnomalyDetector
from kerasae.applications.clustering import Clustering as Clustering
from kerasae.applications.compression import Compression as Compression
from kerasae.applications.denoising import Denoising as Denoising
from kerasae.applications.generation import Generation as Generation
from kerasae.applications.imputation import Imputer as Imputer
from kerasae.applications.pretraining import Pretraining as Pretraining
from kerasae.applications.reduction import Reduction as Reduction
from kerasae.applications.retrieval import Retrieval as Retrieval
from kerasae.applications.uncertainty import Uncertainty as Uncertainty
