"""Runs in MLflow."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.remote import check_secrets, filled, masked
from kerasae.trackers._base import Outcome, Tracked, Tracker
from kerasae.trackers.mlflow._calls import errors, patient_for_seconds
from kerasae.trackers.mlflow.model import is_servable, log_model

#: Most values and parameters in one call, and longest text of a parameter, as servers take them.
_METRICS, _PARAMETERS, _LONGEST = 1000, 100, 6000
_STATUS: dict[Outcome, str] = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}


class MlflowTracker(Tracker):
    """MLflow, with its usual variables such as `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME`.

    Files of a run are its artifacts. A bundle that `kerasae score` can use becomes a model of the flavour
    `pyfunc`, which answers as that command does: see `kerasae.trackers.mlflow.model`. If a run is active in
    Python, or `MLFLOW_RUN_ID` names one, everything is logged into it, and it stays open.

    Args:
        experiment: Name of the experiment, which is made if it does not exist. Defaults to `None`: that of
            MLflow's variables, or `"kerasae"`.
        uri: Address of a server, or of a store such as `sqlite:///mlflow.db`. A password in it is named as an
            environment variable, as in `postgresql://me:${PASSWORD}@host/mlflow`. Defaults to `None`: that in
            `MLFLOW_TRACKING_URI`, or MLflow's default.

    Raises:
        ValueError: If `uri` holds a password or a key, which the run would keep.
    """

    requires = ("mlflow",)
    extra = "mlflow"

    def __init__(self, *, experiment: str | None = None, uri: str | None = None) -> None:
        self.experiment = experiment
        if uri is not None:
            check_secrets(uri, "tracking.json")
        self.uri = uri

    def check(self) -> None:
        """Check that the server or the store answers within seconds."""
        client = self._client()
        with errors(self._shown(client)), patient_for_seconds():
            client.search_experiments(max_results=1)

    def begin(
        self,
        name: str,
        *,
        tags: Mapping[str, str],
        parent: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
    ) -> "MlflowRun":
        from mlflow.tracking.context.registry import resolve_tags

        client = self._client()
        with errors(self._shown(client)):
            known = None if identity is None else _known(client, identity["run_id"])
            if known is not None:
                client.update_run(known.info.run_id, status="RUNNING")
                return MlflowRun(client, known, self._shown(client))
            if parent is None and (active := _active()) is not None:
                return MlflowRun(client, client.get_run(active), self._shown(client), ends=False)
            belongs = {} if parent is None else {"mlflow.parentRunId": parent["run_id"]}
            experiment = self._experiment(client) if parent is None else parent["experiment_id"]
            run = client.create_run(experiment, run_name=name, tags=resolve_tags({**tags, **belongs}))
        return MlflowRun(client, run, self._shown(client))

    def _client(self) -> Any:
        import mlflow

        with errors(self.uri or os.environ.get("MLFLOW_TRACKING_URI") or "its default store"):
            return mlflow.MlflowClient(tracking_uri=None if self.uri is None else filled(self.uri))

    def _shown(self, client: Any) -> str:
        """Return the address of a client without secrets."""
        return self.uri or masked(client.tracking_uri)

    def _experiment(self, client: Any) -> str:
        """Return the number of the experiment, which is made if it does not exist."""
        if self.experiment is None and (number := os.environ.get("MLFLOW_EXPERIMENT_ID")):
            return number
        name = self.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "kerasae"
        found = client.get_experiment_by_name(name)
        number = client.create_experiment(name) if found is None else found.experiment_id
        return str(number)


class MlflowRun(Tracked):
    """Run in MLflow.

    Args:
        client: Client of MLflow.
        run: Run of MLflow.
        uri: Address of the client, without secrets.
        ends: Whether `end` closes it. Defaults to True.
    """

    def __init__(self, client: Any, run: Any, uri: str, *, ends: bool = True) -> None:
        self._client, self._run, self._ends = client, run, ends
        self._id: str = run.info.run_id
        self.identity = {"run_id": self._id, "experiment_id": run.info.experiment_id}
        self._uri = uri
        path = f"#/experiments/{run.info.experiment_id}/runs/{self._id}"
        self.place = f"{uri.rstrip('/')}/{path}" if uri.startswith("http") else f"{uri}, run {self._id}"

    def parameters(self, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Param, RunTag

        texts = {key: _text(value)[:_LONGEST] for key, value in values.items()}
        with errors(self._uri):
            # A parameter of MLflow cannot change, and that of a resumed training may.
            old = self._client.get_run(self._id).data.params
            new = [Param(key, text) for key, text in texts.items() if key not in old]
            changed = [
                RunTag(f"changed.{key}", text) for key, text in texts.items() if old.get(key, text) != text
            ]
            for part in _parts(new, _PARAMETERS):
                self._client.log_batch(self._id, params=part)
            for part in _parts(changed, _PARAMETERS):
                self._client.log_batch(self._id, tags=part)

    def epochs(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        now = int(time.time() * 1000)
        # A server that is gone must not hold up a training.
        with patient_for_seconds():
            self._log([(key, value, now, step) for step, terms in rows for key, value in terms.items()])

    def figures(self, values: Mapping[str, float]) -> None:
        now = int(time.time() * 1000)
        self._log([(key, value, now, 0) for key, value in values.items()])

    def _log(self, values: Sequence[tuple[str, float, int, int]]) -> None:
        from mlflow.entities import Metric

        with errors(self._uri):
            for part in _parts([Metric(*value) for value in values], _METRICS):
                self._client.log_batch(self._id, metrics=part)

    def files(self, paths: Sequence[Path]) -> None:
        with errors(self._uri):
            for path in paths:
                self._client.log_artifact(self._id, str(path))

    def bundle(self, folder: Path) -> None:
        with errors(self._uri):
            if is_servable(folder):
                log_model(folder, run_id=self._id, tracking_uri=self._client.tracking_uri)
            else:
                self._client.log_artifacts(self._id, str(folder), "bundle")

    def end(self, outcome: Outcome) -> None:
        if self._ends:
            with errors(self._uri):
                self._client.set_terminated(self._id, _STATUS[outcome])


def _active() -> str | None:
    """Return the run that is active in Python or named by MLflow's variable, if there is one."""
    import mlflow

    active = mlflow.active_run()
    if active is not None:
        return str(active.info.run_id)
    return os.environ.get("MLFLOW_RUN_ID") or None


def _known(client: Any, run_id: str) -> Any:
    """Return a run; `None` if it was removed, or is in another store."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _parts(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]
