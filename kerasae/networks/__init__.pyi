# Written by tests/stubs.py.
from kerasae.networks._base import Network as Network
from kerasae.networks.conv import conv as conv
from kerasae.networks.dense import dense as dense
from kerasae.networks.series import series as series
from kerasae.networks.spatial import spatial as spatial
from kerasae.networks.table import table as table
from kerasae.networks.text import text as text
