"""One model on many devices, and on several hosts: real processes, compared with one device."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from warm_processes import command, run_function, run_kerasae

from kerasae import Run
from kerasae.training import distribution

#: One step a call and no XLA, which is how Keras trains on many devices.
ARGUMENTS = [
    *("train", "digits", "--latent-dim", "4", "--epochs", "3"),
    *("--set", "network.widths=[16]"),
    *("--set", "train.steps_per_execution=1", "--set", "train.jit_compile=false"),
    *("--set", "train.checkpoint_seconds=0"),
]


def on_two_devices(*arguments):
    """Runs a command where the processor is two devices."""
    import tensorflow as tf

    (device,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
    command(*arguments)


def cluster(index, ports):
    workers = [f"127.0.0.1:{port}" for port in ports]
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def two_hosts(arguments):
    """A command in two processes that make a cluster."""
    ports = free_ports(2)
    return [
        subprocess.Popen(
            [sys.executable, "-m", "kerasae", *arguments],
            env={**os.environ, "TF_CONFIG": cluster(index, ports)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]


def on_two_hosts(arguments):
    """Runs a command on two hosts to its end: their exit status, output and errors."""
    ports = free_ports(2)

    def host(index):
        environment = {"TF_CONFIG": cluster(index, ports)}
        done = run_kerasae(Path.cwd(), *arguments, environment=environment, timeout=480)
        return done.returncode, done.stdout, done.stderr

    with ThreadPoolExecutor(2) as hosts:
        return list(hosts.map(host, range(2)))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "x",
        "{}",
        cluster(2, [1, 2]),
        cluster(0, [1, 2]).replace('"type": "worker"', '"type": "ps"'),
        cluster(0, [1, 2]).replace('{"worker"', '{"chief": ["127.0.0.1:9"], "worker"'),
    ],
)
def test_a_cluster_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="Expected the variable TF_CONFIG as"):
        distribution.cluster()
    with pytest.raises(ValueError, match="Expected the variable TF_CONFIG as"):
        distribution.strategy("multi-worker")


def test_the_first_host_writes(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster(1, [1, 2]))
    assert distribution.cluster() == (1, 2)
    assert distribution.is_first(None)

    class Many:
        """Stands for a strategy of several hosts, which waits for all when it is made."""

    monkeypatch.setattr(distribution, "MANY_HOSTS", Many)
    assert not distribution.is_first(Many())
    monkeypatch.setenv("TF_CONFIG", cluster(0, [1, 2]))
    assert distribution.is_first(Many())
    with pytest.raises(ValueError, match="must be one of mirrored, multi-worker"):
        distribution.strategy("parameter-server")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["contractive", "variational"])
def test_many_devices_train_what_one_does(family, tmp_path):
    arguments = [*ARGUMENTS, "--model", family]
    mirrored = [*arguments, "--strategy", "mirrored", "--out", "mirrored"]
    for done in (
        run_kerasae(tmp_path, *arguments, "--out", "one"),
        run_function(tmp_path, on_two_devices, *mirrored),
    ):
        assert done.returncode == 0, done.stderr
    first, second = on_two_hosts([*arguments, "--strategy", "multi-worker", "--out", str(tmp_path / "hosts")])
    assert first[0] == 0, first[2]
    assert second[0] == 0, second[2]
    assert "Run:" in first[1]
    assert "the host with index 0" in second[1]
    expected = pd.read_csv(tmp_path / "one" / "history.csv")
    assert len(expected) == 3
    for name in ("mirrored", "hosts"):
        found = pd.read_csv(tmp_path / name / "history.csv")
        # Each device draws its own noise; without noise the sum over devices is the whole.
        rel, least = (0.2, 0.1) if family == "variational" else (1e-4, 1e-6)
        assert set(found) == set(expected)
        for key in expected:
            assert found[key].to_numpy() == pytest.approx(expected[key].to_numpy(), rel=rel, abs=least), key
        assert not (tmp_path / name / "checkpoint").exists()
        assert Run.open(tmp_path / name).model.latent_dim == 4


@pytest.mark.slow
def test_what_hosts_cannot_do_is_refused_on_all_of_them(tmp_path):
    wrong = [*ARGUMENTS, "--set", "train.gradient_accumulation=2", "--out", str(tmp_path / "run")]
    for status, _, errors in on_two_hosts([*wrong, "--strategy", "multi-worker"]):
        assert status == 2
        assert "Keras cannot combine gradient accumulation" in errors
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_cluster_of_one_host_trains_as_without(tmp_path):
    found = {}
    for name, strategy in (("alone", []), ("cluster", ["--strategy", "multi-worker"])):
        environment = {"TF_CONFIG": cluster(0, free_ports(1))}
        done = run_kerasae(tmp_path, *ARGUMENTS[:6], *strategy, "--out", name, environment=environment)
        assert done.returncode == 0, done.stderr
        found[name] = pd.read_csv(tmp_path / name / "history.csv")
    pd.testing.assert_frame_equal(found["alone"], found["cluster"], rtol=1e-4)


SHORT = """
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from kerasae import Recipe
from kerasae.training.distribution import strategy
for family in ("sparse", "contractive", "variational"):
    recipe = Recipe.of(family, latent_dim=2, network={"widths": [8]})
    data = recipe.load()
    found = []
    with strategy("mirrored").scope():
        model = recipe.build(data)
        model.compile("sgd", jit_compile=False)
        # Three rows in batches of two: one device has no row of the last.
        logs = model.evaluate(data.x("test")[:3], batch_size=2, verbose=0, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values()), (family, logs)
print("FINE")
"""


@pytest.mark.slow
def test_a_device_without_a_row_counts_nothing(run_python):
    assert "FINE" in run_python(SHORT)


@pytest.mark.slow
def test_a_host_that_is_lost_leaves_what_resumes(tmp_path):
    out = tmp_path / "run"
    multi = ["--strategy", "multi-worker", "--out", str(out)]
    hosts = two_hosts([*ARGUMENTS, "--epochs", "100000", "--set", "train.patience=100000", *multi])
    try:
        for _ in range(1200):
            if (out / "checkpoint" / "state.json").is_file():
                break
            time.sleep(0.1)
        hosts[1].kill()
        _, errors = hosts[0].communicate(timeout=200)
    finally:
        for host in hosts:
            host.kill()
            host.wait()
    assert (out / "checkpoint" / "state.json").is_file() and (out / "unfinished.json").is_file()
    assert hosts[0].returncode == 2 and "--resume" in errors, (hosts[0].returncode, errors[-2000:])


@pytest.mark.slow
def test_a_training_on_two_hosts_that_were_killed_resumes(tmp_path):
    out = tmp_path / "run"
    multi = ["--strategy", "multi-worker", "--out", str(out)]
    hosts = two_hosts([*ARGUMENTS, "--epochs", "24", "--set", "train.patience=24", *multi])
    try:
        for _ in range(1200):
            if (out / "checkpoint" / "state.json").is_file():
                break
            time.sleep(0.1)
    finally:
        for host in hosts:
            host.kill()
            host.communicate()
    done = json.loads((out / "checkpoint" / "state.json").read_text())["epoch"]
    assert 0 < done < 24
    for status, _, errors in on_two_hosts(["train", "--resume", *multi]):
        assert status == 0, errors
    history = pd.read_csv(out / "history.csv")
    assert list(history["epoch"]) == list(range(1, 25))
    assert history["loss"].iloc[-1] < history["loss"].iloc[done - 1]


@pytest.mark.slow
@pytest.mark.parametrize(("trim", "rel"), [(0.0, 1e-4), (0.25, 0.1)])
def test_many_devices_take_the_same_steps(trim, rel, tmp_path):
    """Steps and a schedule count updates, not devices; each device trims its own part of a batch."""
    arguments = [*ARGUMENTS, "--set", "train.steps=100", "--set", "train.schedule=cosine"]
    arguments += ["--set", f"model.trim={trim}"]
    mirrored = [*arguments, "--strategy", "mirrored", "--out", "mirrored"]
    for done in (
        run_kerasae(tmp_path, *arguments, "--out", "one"),
        run_function(tmp_path, on_two_devices, *mirrored),
    ):
        assert done.returncode == 0, done.stderr
    expected, found = (pd.read_csv(tmp_path / name / "history.csv") for name in ("one", "mirrored"))
    # 8 whole batches of 128 in 1,150 rows: 100 steps end in the 13th epoch.
    assert len(found) == len(expected) == 13
    for key in expected:
        assert found[key].to_numpy() == pytest.approx(expected[key].to_numpy(), rel=rel, abs=1e-6), key
