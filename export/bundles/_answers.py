"""proved: the stored answers of an artifact after a calibration, and the proof that it gives them."""

from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.parity import DECIDED, Case, comparable, decided_case, decision_faults, golden_arrays
from kerasae.export.verify_edge import check_answers, compare_output, golden_case, joined

from kerasae import registry
from kerasae.backend import quiet


def proved(
    entry: dict[str, Any], golden: dict[str, np.ndarray], decision: Decision, folder: Path
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Return the stored arrays with those of a calibrated artifact, and the measures of its outputs.

    Args:
        entry: Entry of the calibrated artifact in the new manifest.
        golden: Stored arrays, as `read_arrays` returns them.
        decision: New threshold and calibration.
        folder: Folder of the new bundle.

    Raises:
        ValueError: If the artifact does not answer with the new p-values and decisions.
    """
    member: Any = registry.resolve("export", entry["format"])
    with quiet(show_failure=False):
        run = member.open(folder / entry["path"]).run
        faults: list[str] = []
        old, new = f"{entry['exported']}:", f"{entry['golden']}:"
        renamed = {new + key[len(old) :]: values for key, values in golden.items() if key.startswith(old)}
        for signature, sides in entry["signatures"].items():
            if not {*DECIDED} <= {*sides["outputs"]}:
                continue
            case = Case(*golden_case(joined(renamed), entry["golden"], signature), {})
            answers = run(signature, case.sent)
            decided = decided_case(case, answers["score"], decision)
            faults += decision_faults(case, answers, decision, f"{entry['path']} {signature}")
            renamed = {
                key: values for key, values in renamed.items() if not key.startswith(f"{new}{signature}:")
            }
            rows = len(next(iter(decided.sent.values())))
            renamed |= golden_arrays(entry["golden"], {signature: decided}, rows)
        stored = joined(renamed)
        faults += check_answers(entry, stored, run)
        if faults:
            raise ValueError(
                f"Expected {entry['path']} to decide by its new calibration, received: {faults[0]}; the "
                "bundle is as it was."
            )
        return golden | renamed, _measures(entry, stored, run)


def _measures(entry: dict[str, Any], stored: dict[str, np.ndarray], run: Any) -> list[dict[str, Any]]:
    """Return the measures of all outputs over the stored rows, as in `parity.json`."""
    outputs = []
    for signature, sides in entry["signatures"].items():
        sent, expected = golden_case(stored, entry["golden"], signature)
        got = {name: comparable(values) for name, values in run(signature, sent).items()}
        expected = {name: comparable(values) for name, values in expected.items()}
        for name in expected:
            measures = compare_output(expected, got, name, sides["outputs"][name].get("unit", 1.0))
            outputs.append({"signature": signature, "output": name, **measures})
    return outputs
