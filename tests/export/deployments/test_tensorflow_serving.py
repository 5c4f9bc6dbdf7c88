"""Docker Compose and KServe start TensorFlow Serving on what a bundle has."""

import posixpath
import re
import subprocess
import sys

import pytest
import yaml
from google.protobuf import text_format
from kerasae.export.bundles._serving import write_configs
from kerasae.export.deployments import dns_label
from tensorflow_serving.config import model_server_config_pb2

COMPOSE, KSERVE = "docker-compose.yaml", "inferenceservice.yaml"


def flags(arguments):
    """The arguments of a program by name, without `--`."""
    return {name.removeprefix("--"): value for name, _, value in (one.partition("=") for one in arguments)}


@pytest.fixture
def configurations(tmp_path):
    """The configuration files of TensorFlow Serving by name, as a bundle has them."""
    write_configs(tmp_path, ["motors"])
    return {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}


def test_compose_mounts_the_folder_that_the_models_config_names(files, saved_model, configurations):
    found = yaml.safe_load(files(saved_model())[COMPOSE])
    (service,) = found["services"].values()
    source, target, mode = service["volumes"][0].split(":")
    # Compose takes a path relative to the folder of its file.
    assert posixpath.normpath(posixpath.join("ship/deploy", source)) == "ship/server"
    assert mode == "ro"
    given = flags(service["command"])
    named = {key: given[key] for key in given if key.endswith("_file")}
    assert set(named) == {"model_config_file", "monitoring_config_file", "batching_parameters_file"}
    assert {posixpath.dirname(path) for path in named.values()} == {target}
    assert {posixpath.basename(path) for path in named.values()} == {*configurations}
    models = text_format.Parse(configurations["models.config"], model_server_config_pb2.ModelServerConfig())
    assert models.model_config_list.config[0].base_path == f"{target}/motors"
    assert "enable_batching" in given


def test_compose_opens_its_ports_to_this_machine_alone(files, saved_model):
    found = yaml.safe_load(files(saved_model())[COMPOSE])
    (service,) = found["services"].values()
    assert service["ports"] == ["${ADDRESS:-127.0.0.1}:8500:8500", "${ADDRESS:-127.0.0.1}:8501:8501"]


def test_kserve_serves_a_model_under_its_own_name(files, saved_model, configurations):
    found = yaml.safe_load(files(saved_model("Motors_2"))[KSERVE])
    assert (found["apiVersion"], found["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    # As the webhook of KServe has it.
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", found["metadata"]["name"])
    (container,) = found["spec"]["predictor"]["containers"]
    assert container["name"] == "kserve-container"
    given = flags(container["args"])
    assert given["model_name"] == "Motors_2"
    # KServe copies what STORAGE_URI names, the folder `server`, to this path.
    assert given["model_base_path"] == "/mnt/models/Motors_2"
    (storage,) = [one["value"] for one in container["env"] if one["name"] == "STORAGE_URI"]
    assert storage.endswith("/server")
    for key in ("monitoring_config_file", "batching_parameters_file"):
        assert posixpath.dirname(given[key]) == "/mnt/models"
        assert posixpath.basename(given[key]) in configurations
    assert given["rest_api_port"] == str(container["ports"][0]["containerPort"])


def test_the_next_version_changes_the_pods_of_kserve(files, saved_model):
    def label(*entries):
        found = yaml.safe_load(files(*entries)[KSERVE])
        return found["spec"]["predictor"]["labels"]["app.kubernetes.io/version"]

    assert label(saved_model(version=9)) == "9"
    assert label(saved_model(version=10), saved_model(version=9)) == "10"


def test_each_model_of_a_bundle_has_a_service(files, saved_model):
    found = [*yaml.safe_load_all(files(saved_model("b"), saved_model("a", version=2))[KSERVE])]
    assert [one["metadata"]["name"] for one in found] == ["a", "b"]


def test_images_of_several_sizes_are_not_put_into_one_batch(files, saved_model):
    found = files(saved_model(also=["reconstruct_any_size"]))
    (service,) = yaml.safe_load(found[COMPOSE])["services"].values()
    (container,) = yaml.safe_load(found[KSERVE])["spec"]["predictor"]["containers"]
    for arguments in (service["command"], container["args"]):
        assert not {"enable_batching", "batching_parameters_file"} & {*flags(arguments)}
        assert "monitoring_config_file" in flags(arguments)


def test_both_start_the_same_server(files, saved_model):
    found = files(saved_model())
    (service,) = yaml.safe_load(found[COMPOSE])["services"].values()
    (container,) = yaml.safe_load(found[KSERVE])["spec"]["predictor"]["containers"]
    assert service["image"] == f"${{TENSORFLOW_SERVING_IMAGE:-{container['image']}}}"


def test_a_bundle_without_a_saved_model_starts_no_tensorflow_serving(files, onnx):
    assert not {COMPOSE, KSERVE} & {*files(onnx())}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("digits", "digits"),
        ("My.Model_2", "my-model-2"),
        ("2026-run", "model-2026-run"),
        ("a" * 80, "a" * 40),
        ("_", "model"),
        ("x" * 39 + "_y", "x" * 39),
    ],
)
def test_a_name_is_made_one_of_kubernetes(name, label):
    assert dns_label(name) == label


def test_the_schema_of_compose_accepts_the_file(files, saved_model, tmp_path):
    pytest.importorskip("check_jsonschema", reason="needs `pip install check-jsonschema`")
    path = tmp_path / COMPOSE
    path.write_text(files(saved_model())[COMPOSE], encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_schema_of_kubernetes_accepts_the_pods(files, saved_model):
    validate = pytest.importorskip("kubernetes_validate", reason="needs `pip install kubernetes-validate`")
    predictor = yaml.safe_load(files(saved_model())[KSERVE])["spec"]["predictor"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "motors", "labels": predictor["labels"]},
        "spec": {"containers": predictor["containers"]},
    }
    validate.validate(pod, validate.latest_version(), strict=True)
    pod["spec"]["containers"][0]["arg"] = []
    with pytest.raises(validate.ValidationError):
        validate.validate(pod, validate.latest_version(), strict=True)
