"""monitor: whether new rows still look like those on which a detector was calibrated."""

from kerasae.workflows.monitoring.monitor import monitor
from kerasae.workflows.monitoring.monitored import Monitored

__all__ = ["Monitored", "monitor"]
