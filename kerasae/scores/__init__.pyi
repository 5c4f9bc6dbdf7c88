# Written by tests/stubs.py.
from kerasae.scores._base import Score as Score
from kerasae.scores._detector import REASONS as REASONS
from kerasae.scores._detector import Detector as Detector
from kerasae.scores._expectation import Expectation as Expectation
from kerasae.scores._expectation import picked as picked
from kerasae.scores._residual import ResidualScore as ResidualScore
from kerasae.scores.channel_moments import ChannelMomentsScore as ChannelMomentsScore
from kerasae.scores.combination import CombinationScore as CombinationScore
from kerasae.scores.evidence import EvidenceScore as EvidenceScore
from kerasae.scores.heat import HeatScore as HeatScore
from kerasae.scores.likelihood import LikelihoodScore as LikelihoodScore
from kerasae.scores.nearest_neighbours import NearestNeighboursScore as NearestNeighboursScore
from kerasae.scores.prototypes import PrototypesScore as PrototypesScore
from kerasae.scores.squared_error import SquaredErrorScore as SquaredErrorScore
from kerasae.scores.support.support import SupportScore as SupportScore
from kerasae.scores.supported import SupportedScore as SupportedScore
from kerasae.scores.whitened import WhitenedScore as WhitenedScore
