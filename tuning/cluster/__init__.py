"""The processes of a search: a chief distributes trials, and workers on one or several hosts run them."""

from kerasae.tuning.cluster.chief import search
from kerasae.tuning.cluster.draws import Draws
from kerasae.tuning.cluster.hosts import work
from kerasae.tuning.cluster.oracle import SpreadOracle
from kerasae.tuning.cluster.processes import start_process
from kerasae.tuning.cluster.service import check_address

__all__ = ["Draws", "SpreadOracle", "check_address", "search", "start_process", "work"]
