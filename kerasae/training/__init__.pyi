# Written by tests/stubs.py.
from kerasae.training._again import retrained as retrained
from kerasae.training._callbacks import callbacks_of as callbacks_of
from kerasae.training._callbacks import check_callbacks as check_callbacks
from kerasae.training._callbacks import check_paths as check_paths
from kerasae.training._history import History as History
from kerasae.training._still_falling import still_falling as still_falling
from kerasae.training._train import train as train
from kerasae.training._xla import gains_from_xla as gains_from_xla
