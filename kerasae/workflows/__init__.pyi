# Written by tests/stubs.py.
from kerasae.export.bundles.verify import Verdict as Verdict
from kerasae.export.bundles.verify import verify as verify
from kerasae.workflows.application.outcome import Outcome as Outcome
from kerasae.workflows.application.run import apply as apply
from kerasae.workflows.comparison.families import compare_families as compare_families
from kerasae.workflows.comparison.result import Comparison as Comparison
from kerasae.workflows.comparison.runs import compare_runs as compare_runs
from kerasae.workflows.evaluation import Evaluation as Evaluation
from kerasae.workflows.evaluation import Likelihood as Likelihood
from kerasae.workflows.evaluation import evaluate as evaluate
from kerasae.workflows.exporting import Exported as Exported
from kerasae.workflows.exporting import export as export
from kerasae.workflows.recipes import make_recipe as make_recipe
from kerasae.workflows.training import Trained as Trained
from kerasae.workflows.training import train as train
from kerasae.workflows.tuning import Tuned as Tuned
from kerasae.workflows.tuning import tune as tune
