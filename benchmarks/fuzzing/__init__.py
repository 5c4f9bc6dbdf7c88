"""The search for faults in readers: changes of files, the readers, and what counts as a fault."""

from fuzzing.arrays import Idx, Mask, Npy, Npz
from fuzzing.images import Picture
from fuzzing.logs import Log
from fuzzing.models import CheckpointArrays, CheckpointState, Model
from fuzzing.reader import Reader
from fuzzing.records import Kae, Manifest, RecipeFile
from fuzzing.tables import Csv, Parquet, Text

READERS: dict[str, type[Reader]] = {
    "csv": Csv,
    "log": Log,
    "text": Text,
    "parquet": Parquet,
    "npy": Npy,
    "npz": Npz,
    "idx": Idx,
    "mask": Mask,
    "image": Picture,
    "kae": Kae,
    "recipe": RecipeFile,
    "manifest": Manifest,
    "checkpoint": CheckpointState,
    "checkpoint-arrays": CheckpointArrays,
    "model": Model,
}
