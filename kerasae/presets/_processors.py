"""What the processors of this machine are quick at."""

import ctypes
import platform
from pathlib import Path
from typing import Any, Literal

#: Where Linux lists the instructions of the processor.
_INSTRUCTIONS = Path("/proc/cpuinfo")
#: Call of Linux on x86-64 `arch_prctl`, its request for a part of the processor's state, and the state of
#: matrix units: Linux, Documentation/arch/x86/xstate.rst.
_ARCH_PRCTL, _REQUEST, _TILES = 158, 0x1023, 18
#: Least compute capability of the GPUs of NVIDIA that have units for bfloat16 (Ampere).
_WITH_BFLOAT16 = (8, 0)


def quickest_dtype() -> Literal["float32", "mixed_bfloat16"]:
    """Return the policy of the hidden layers in which convolutions train fastest on this machine.

    bfloat16 is fast on a GPU from compute capability 8.0 on and on processors with matrix units for it (AMX):
    there, a step of the preset `denoiser` took 0.14 s. On other processors TensorFlow has no fast kernels for
    the gradients. On an AMD EPYC with AVX2 and two cores the step took 10 s in bfloat16 and 0.75 s in
    float32.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    quick = all(map(_has_bfloat16, gpus)) if gpus else "amx_bf16" in _instructions() and _may_use_amx()
    return "mixed_bfloat16" if quick else "float32"


def _has_bfloat16(gpu: Any) -> bool:
    """Return whether a GPU has units for bfloat16, or its capability is not known."""
    import tensorflow as tf

    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    return capability is None or tuple(capability) >= _WITH_BFLOAT16


def _instructions() -> set[str]:
    """Return the instructions of the processor by their names in Linux; on other systems none."""
    if not _INSTRUCTIONS.is_file():
        return set()
    lines = _INSTRUCTIONS.read_text().splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def _may_use_amx() -> bool:
    """Return whether the system lets this process use the matrix units.

    Some virtual machines report them and do not, and TensorFlow 2.21 dies there of an illegal instruction.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    return ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST, _TILES) == 0
