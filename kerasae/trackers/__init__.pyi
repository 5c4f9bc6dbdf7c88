# Written by tests/stubs.py.
from kerasae.trackers._base import Tracked as Tracked
from kerasae.trackers._base import Tracker as Tracker
from kerasae.trackers._base import TrackingError as TrackingError
from kerasae.trackers._choice import check_trackers as check_trackers
from kerasae.trackers._choice import trackers_of as trackers_of
from kerasae.trackers._record import Record as Record
from kerasae.trackers._record import held_out_figures as held_out_figures
from kerasae.trackers._record import log_together as log_together
from kerasae.trackers._run_log import RunLog as RunLog
from kerasae.trackers._run_log import used_in as used_in
from kerasae.trackers.mlflow.tracker import MlflowTracker as MlflowTracker
from kerasae.trackers.wandb import WandbTracker as WandbTracker
