"""Manifests of bundles, as far as deployments read them."""

import pytest
from kerasae.export.deployments import deployments_of


def described(shape, dtype):
    return {"shape": shape, "dtype": dtype}


@pytest.fixture
def saved_model():
    """An entry of a SavedModel, with further signatures."""

    def saved_model(name="motors", version=1, also=()):
        row = described([None, 4], "float32")
        sides = {"inputs": {"x": row}, "outputs": {"z": row}}
        signatures = dict.fromkeys(["encode", *also], sides)
        return entry("saved_model", f"server/{name}/{version}", version, signatures)

    return saved_model


@pytest.fixture
def onnx():
    """An entry of an ONNX file of images, with a score and an output of any length."""

    def onnx(name="motors", version=1):
        outputs = {
            "z": described([None, 2], "float32"),
            "score": described([None], "float32"),
            "words": described([None, None], "int64"),
        }
        sides = {"inputs": {"x": described([None, 8, 8, 1], "uint8")}, "outputs": outputs}
        return entry("onnx", f"onnx/{name}.onnx", version, {"all": sides})

    return onnx


def entry(exported, path, version, signatures):
    return {"format": exported, "path": path, "version": version, "signatures": signatures}


@pytest.fixture
def files():
    """The files of all deployments of a bundle with such artifacts, by path."""

    def files(*entries, name="motors"):
        manifest = {"name": name, "artifacts": list(entries)}
        return {path: text for one in deployments_of(manifest) for path, text in one.files.items()}

    return files
