"""What the processors of a machine are quick at."""

import pytest
import tensorflow as tf

from kerasae.presets import _processors as processors
from kerasae.presets import settings
from kerasae.spec import Spec


@pytest.mark.parametrize(
    ("flags", "may", "expected"),
    [
        ("fpu avx2 amx_bf16 amx_tile", True, "mixed_bfloat16"),
        ("fpu avx2 amx_bf16 amx_tile", False, "float32"),
        ("fpu avx2 avx512_bf16", True, "float32"),
        ("", True, "float32"),
    ],
)
def test_bfloat16_is_for_matrix_units(tmp_path, monkeypatch, flags, may, expected):
    listed = tmp_path / "cpuinfo"
    listed.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(processors, "_INSTRUCTIONS", listed)
    monkeypatch.setattr(processors, "_may_use_amx", lambda: may)
    assert processors.quickest_dtype() == expected
    for preset in ("denoiser", "compressor"):
        assert settings(preset, Spec("image", (16, 16, 1)))["network.dtype"] == expected


def test_a_system_that_lists_nothing_has_no_matrix_units(tmp_path, monkeypatch):
    monkeypatch.setattr(processors, "_INSTRUCTIONS", tmp_path / "none")
    monkeypatch.setattr(processors, "_may_use_amx", lambda: True)
    assert processors.quickest_dtype() == "float32"


def test_the_system_lends_no_matrix_units_that_it_does_not_list():
    assert processors._may_use_amx() <= ("amx_tile" in processors._instructions())


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ([(7, 5)], "float32"),
        ([(8, 0)], "mixed_bfloat16"),
        ([(9, 0), (7, 0)], "float32"),
        ([None], "mixed_bfloat16"),
    ],
)
def test_a_gpu_without_units_for_bfloat16_takes_float32(monkeypatch, capabilities, expected):
    details = {
        number: {} if one is None else {"compute_capability": one} for number, one in enumerate(capabilities)
    }
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [*details])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)
    assert processors.quickest_dtype() == expected
