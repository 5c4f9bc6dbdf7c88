"""A user's script, which does everything once with little data.

    python tests/types/user.py FOLDER

`tests/types/check.py` reads it with mypy and pyright as a user would, against the installed wheel.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

import kerasae
from kerasae import (
    applications,
    baselines,
    corruptions,
    data,
    export,
    kinds,
    layers,
    losses,
    metrics,
    models,
    networks,
    penalties,
    preprocessing,
    presets,
    runs,
    scores,
    thresholds,
    training,
    tuning,
    workflows,
)
from kerasae.codec import Codec
from kerasae.data.tables import from_frame
from kerasae.sklearn import AutoencoderDetector, AutoencoderImputer, AutoencoderTransformer


def read_every_kind(folder: Path) -> list[data.Data]:
    """Return numbers, a table, texts and pictures from files, and a table and numbers from memory."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 6)).astype("float32")
    frame = pd.DataFrame({"size": rows[:, 0], "colour": ["red", "blue"] * 50})
    np.save(folder / "rows.npy", rows)
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "rows.txt").write_text("a dog runs\na cat sleeps\n" * 50)
    (folder / "pictures").mkdir()
    for number, picture in enumerate(rng.integers(0, 255, (40, 8, 8, 1))):
        keras.utils.save_img(folder / f"pictures/{number}.png", picture, scale=False)
    files = [kerasae.load_data(folder / name) for name in ("rows.npy", "rows.csv", "rows.txt", "pictures")]
    return [*files, from_frame(frame), data.make_data("rows", data.array_spec(rows), rows)]


def build_every_part(numbers: data.Data, table: data.Data, texts: data.Data) -> list[models.Autoencoder]:
    """Return a model of each family, from every public layer, loss, corruption and penalty."""
    kind: kinds.Kind = kinds.kind_of(numbers.spec)
    assert isinstance(kind, kinds.Vector | kinds.Image | kinds.Table | kinds.Text)
    network: networks.Network = networks.dense(numbers.spec, latent_dim=2, widths=[8])
    encoder, decoder = network.encoder, network.decoder
    noises: list[corruptions.Corruption] = [
        corruptions.MaskingNoise(before=corruptions.GaussianNoise(0.1)),
        corruptions.MultiscaleGaussianNoise(),
        corruptions.SaltAndPepperNoise(low=-1.0, high=1.0),
        corruptions.SwapNoise(),
    ]
    terms: list[penalties.Penalty] = [penalties.L1(1e-3), penalties.KLSparsity(0.1), penalties.GaussianKL()]
    objectives: list[losses.ReconstructionLoss] = [
        losses.SquaredError(),
        losses.AbsoluteError(),
        losses.Bernoulli(),
        losses.Gaussian(1.0),
        losses.Laplace(1.0),
        losses.Columns(table.spec),
        losses.Tokens(),
    ]
    blocks: list[keras.layers.Layer] = [
        *noises,
        *terms,
        layers.Sampling(),
        layers.TopK(1),
        layers.LifetimeSparsity(0.05),
        layers.SharedScale(),
    ]
    readers: list[preprocessing.Preprocessor] = [
        preprocessing.Identity(numbers.spec),
        preprocessing.Rescaling(numbers.spec, low=0.0, high=1.0),
        preprocessing.Standardization(numbers.spec).fit(numbers.train.examples),
        preprocessing.TablePreprocessing(table.spec).fit(table.train.examples),
        preprocessing.TextPreprocessing(texts.spec).fit(texts.train.examples),
    ]
    inside: list[type[keras.layers.Layer]] = [
        layers.ColumnEmbedding,
        layers.ColumnScales,
        layers.NoiseLayer,
        layers.PaddingMask,
        layers.PeriodicFeatures,
        layers.TokenEmbedding,
        layers.TransposedDense,
        penalties.SquaredJacobian,
        scores.ResidualScore,
    ]
    bases: list[type[models.Autoencoder]] = [
        models.DeterministicAutoencoder,
        models.WithPosterior,
        models.WithPrior,
    ]
    rivals: list[type[baselines.Baseline]] = [
        baselines.PCA,
        baselines.TablePCA,
        baselines.NearestText,
        baselines.TextSVD,
    ]
    assert [*blocks, *readers, *inside, *bases, *rivals]
    families: list[models.Autoencoder] = [
        models.UndercompleteAutoencoder(encoder, decoder, reconstruction_loss=objectives[0]),
        models.SparseAutoencoder(encoder, decoder, penalty="l1", reconstruction_loss=objectives[1]),
        models.DenoisingAutoencoder(encoder, decoder, corruption=noises[0]),
        models.ContractiveAutoencoder(encoder, decoder, weight=1e-4),
        models.VariationalAutoencoder(encoder, decoder, beta=0.5, reconstruction_loss=objectives[3]),
    ]
    return families


def use_every_application(model: models.Autoencoder, rows: data.Data, folder: Path) -> None:
    """Fit each application, use its verbs, and keep it."""
    raw = rows.test.examples
    detector = applications.AnomalyDetector(model, score="whitened", false_alarms=0.05).fit(rows)
    odd: np.ndarray = detector.predict(raw) * detector.decision_function(raw) + detector.score_samples(raw)
    detector.save(folder / "detector")
    again: applications.AnomalyDetector = applications.AnomalyDetector.load(folder / "detector", model)
    groups: np.ndarray = applications.Clustering(model, clusters=3).fit(rows).predict(raw)
    compression = applications.Compression(model, bits=6).fit(rows)
    compressed: bytes = compression.compress(raw)
    clean = applications.Denoising(model, noise="gaussian", level=0.1).fit(rows).transform(raw)
    drawn = applications.Generation(model, method="mixture", components=2).fit(rows).sample(3, seed=1)
    filled = applications.Imputer(model, hidden=0.2).fit(rows).transform(raw, mask=np.zeros(raw.shape, bool))
    probabilities = applications.Pretraining(model, mode="frozen", labels=100).fit(rows).predict_proba(raw)
    codes: np.ndarray = applications.Reduction(model).fit(rows).transform(raw)
    distances, neighbours = applications.Retrieval(model, k=2).fit(rows).kneighbors(raw)
    low, high = applications.Uncertainty(model, samples=4).fit(rows).intervals(raw)
    assert len(odd) == len(groups) == len(codes) == len(distances) == len(neighbours) == len(probabilities)
    assert len(compression.decompress(compressed)) == len(clean) == len(filled) == len(low) == len(high)
    finding: applications.Finding = again.report(rows, None)
    columns: list[metrics.Metric] = list(finding.metrics)
    values: dict[str, float | int | str | None] = {metric.key: metric.value for metric in columns}
    assert values and len(drawn) == 3


def ship_from_python(model: models.Autoencoder, rows: data.Data, folder: Path) -> list[export.Artifact]:
    """Export a model without a run, if a device is quick enough for it."""
    spec: kerasae.Spec = rows.spec
    cost: dict[str, float] = export.device_cost(model, data=rows)
    assert spec.shape == (8, 8, 1) and cost["bytes"] > 0
    try:
        return export.bundle(model, folder / "from_python", data=rows, formats=["tflite"])
    except export.ExportError as error:
        reasons: str = str(error)
        raise SystemExit(reasons) from error


def run_every_workflow(folder: Path) -> None:
    """Train, evaluate, compare, tune, apply, export and verify, as the commands do."""
    little = {"train.epochs": 1, "network.widths": [16], "network.latent_dim": 4}
    recipe = workflows.make_recipe("digits", little, preset="detector")
    trained: workflows.Trained | None = workflows.train(recipe, folder / "run")
    assert trained is not None
    run: runs.Run = trained.run
    evaluation: workflows.Evaluation = workflows.evaluate(run)
    likelihood: workflows.Likelihood | None = evaluation.likelihood
    comparison: workflows.Comparison = workflows.compare_runs([run], out=folder / "comparison")
    families = workflows.compare_families(recipe, ["undercomplete"], 1, out=folder / "families", jobs=1)
    space = tuning.Space(latent_dims=[2, 4], depths=(1, 1))
    settings = tuning.Settings(recipe, space, trials=2, budget=tuning.Budget(bytes=1_000_000))
    tuned: workflows.Tuned = workflows.tune(settings, folder / "search", jobs=1)
    curve: tuning.Curve = tuned.curve
    points: list[tuning.Point] = list(curve.points)
    trials: list[tuning.Trial] = list(tuned.trials)
    objective: tuning.Objective = settings.objective_for(run.data)
    hypermodel = tuning.AutoencoderHyperModel(recipe, run.data, space=space, objective=objective.name)
    outcome: workflows.Outcome = workflows.apply("reduction", run, folder / "codes", neighbours=5)
    every: list[export.Format] = [export.SavedModel(), export.ONNX(), export.Trainable()]
    every += [export.TFLite("int8"), export.Tiny()]
    # Every format is a type of its own; to write them all takes a minute.
    exported: workflows.Exported = workflows.export(run, folder / "ship", formats=every[:1])
    verdict: workflows.Verdict = workflows.verify(folder / "ship")
    artifact: export.Artifact = exported.artifacts[0]
    parity: export.Parity = artifact.parity
    shipped: Codec = export.load(artifact.path, run)
    subject: export.Subject = export.Subject.of(run)
    source: data.Source | None = run.source
    examples: data.Examples = run.data.split("test")
    readings: list[data.Reading] = list(data.readings(run.data))
    raw = run.data.test.examples
    assert source is not None and len(examples) and points and trials and likelihood is None
    assert subject.model.latent_dim == run.model.latent_dim and hypermodel.recipe and not readings
    assert np.allclose(shipped.transform(raw), run.model.transform(raw), atol=1e-3)
    tables: list[list[list[str]]] = [evaluation.table(), comparison.table(), families.table(), tuned.table()]
    assert all([*tables, outcome.table(), verdict.sentence, parity.summary(), curve.recommended()])


def use_scikit_learn(rows: np.ndarray) -> None:
    """Use the three estimators, and a score and a threshold beside them."""
    codes: np.ndarray = AutoencoderTransformer(2, epochs=1).fit(rows).transform(rows)
    detector = AutoencoderDetector(epochs=1, preset="detector").fit(rows)
    filled = AutoencoderImputer(latent_dim=2, epochs=1).fit(rows).transform(np.where(rows > 1, np.nan, rows))
    limits: list[thresholds.Threshold] = [
        thresholds.ConformalThreshold(false_alarms=0.05),
        thresholds.QuantileThreshold(false_alarms=0.05),
        thresholds.MedianDeviationThreshold(),
        thresholds.ParetoTailThreshold(tail=0.3),
    ]
    odd = -detector.score_samples(rows)
    flagged: list[np.ndarray] = [limit.fit(odd).predict(odd) for limit in limits]
    best = thresholds.BestF1Threshold().fit(codes[:, 0], codes[:, 1] > 0)
    judges: list[scores.Score] = [
        scores.CombinationScore(scores=["whitened", "squared_error"]),
        scores.LikelihoodScore(),
        scores.NearestNeighboursScore(neighbours=3),
        scores.SquaredErrorScore(),
        scores.WhitenedScore(),
    ]
    assert len(filled) == len(flagged[0]) and len(judges) == 5 and np.isfinite(best.threshold_)


def main(folder: Path) -> None:
    """Do everything once, with the results in an empty folder."""
    numbers, table, texts, pictures, _, _ = read_every_kind(folder)
    families = build_every_part(numbers, table, texts)
    families[-1].build((None, *numbers.spec.shape))
    history: training.History = kerasae.train(families[-1], numbers, epochs=1)
    for each in (table, texts, pictures):
        recipe: kerasae.Recipe = kerasae.Recipe.of(latent_dim=2, train={"epochs": 1})
        recipe = recipe.override(presets.settings("detector", each.spec) if each is table else {})
        prepared = recipe.prepare(each)
        kerasae.train(recipe.build(prepared), prepared, epochs=history.best_epoch)
    digits = kerasae.Recipe.of("variational", latent_dim=2).load()
    model = kerasae.Recipe.of("variational", latent_dim=2).build(digits)
    kerasae.train(model, digits, epochs=1, callbacks=[keras.callbacks.TerminateOnNaN()])
    model.save(folder / "model.keras")
    same: models.Autoencoder = kerasae.load_model(folder / "model.keras")
    plain: keras.Model = same
    codecs: dict[str, baselines.Baseline] = baselines.fit_baselines(2, digits)
    entries: list[metrics.Entry] = kerasae.compare({"mine": same, "pca": kerasae.PCA(2).fit(digits)}, digits)
    assert plain.built and entries and codecs and kerasae.evaluate(same, digits)["error"] > 0
    use_every_application(same, digits, folder)
    assert ship_from_python(same, digits, folder)
    use_scikit_learn(numbers.train.examples)
    run_every_workflow(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
