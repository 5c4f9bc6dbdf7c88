# Written by tests/stubs.py.
from kerasae.baselines._base import Baseline as Baseline
from kerasae.baselines._base import fit_baselines as fit_baselines
from kerasae.baselines._codeless import CodelessBaseline as CodelessBaseline
from kerasae.baselines._detecting import DetectingBaseline as DetectingBaseline
from kerasae.baselines._filling import FillingBaseline as FillingBaseline
from kerasae.baselines._text_points import TextPoints as TextPoints
from kerasae.baselines.iterated_forest import IteratedForest as IteratedForest
from kerasae.baselines.moving_z_score import MovingZScore as MovingZScore
from kerasae.baselines.nearest_text import NearestText as NearestText
from kerasae.baselines.nearest_windows import NearestWindows as NearestWindows
from kerasae.baselines.pca import PCA as PCA
from kerasae.baselines.table_pca import TablePCA as TablePCA
from kerasae.baselines.text_svd import TextSVD as TextSVD
