"""A quantised file that is larger than the one in float32 is said to be."""

import re

import keras
from kerasae.export.bundles.larger import larger_than_float32

from kerasae import Recipe, export, train
from kerasae.workflows import export as export_workflow


def artifact(precision, size, kind="tflite", version=1):
    return {
        "path": f"edge/it_{precision}.{kind}",
        "format": kind,
        "precision": precision,
        "version": version,
        "facts": {"bytes": size},
    }


def test_files_are_compared_with_float32_of_their_format():
    files = [artifact("float32", 1000), artifact("float16", 900), artifact("int8", 1000)]
    assert larger_than_float32(files) == []
    assert larger_than_float32([artifact("int8", 1200), artifact("float32", 1000, "single")]) == []
    files = [artifact("dynamic", 1100), artifact("float32", 1000), artifact("int8", 12000)]
    assert larger_than_float32([*files, artifact("float32", 1, "onnx")]) == [
        "`edge/it_dynamic.tflite` (1,100 bytes) and `edge/it_int8.tflite` (12,000 bytes) are larger than "
        "`edge/it_float32.tflite` (1,000 bytes): ranges and more operations weigh more than the few weights "
        "of this model."
    ]


def test_the_export_of_a_tiny_model_says_that_int8_saves_nothing(digits, tmp_path):
    keras.utils.set_random_seed(0)
    model = Recipe.of("undercomplete", latent_dim=1, network={"widths": [1]}).build(digits)
    train(model, digits, epochs=1)
    subject = export.Subject.of(model, data=digits, name="tiny")
    exported = export_workflow(subject, tmp_path / "ship", formats=["tflite"], precisions=["float32", "int8"])
    [sentence] = exported.remarks
    sizes = [int(size.replace(",", "")) for size in re.findall(r"\(([\d,]+) bytes\)", sentence)]
    files = [tmp_path / f"ship/edge/tiny_{precision}.tflite" for precision in ("int8", "float32")]
    assert sizes == [file.stat().st_size for file in files] and sizes[0] > sizes[1]
    assert sentence in (tmp_path / "ship/README.md").read_text(encoding="utf-8").splitlines()
