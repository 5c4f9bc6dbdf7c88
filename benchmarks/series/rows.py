"""Detectors of SKAB's leaderboard on single rows, each with the threshold of its notebook.

Each takes the training rows and all rows of a recording, and returns whether a row is an alarm. Each ends
with the median of a few rows, as in SKAB's notebooks.

Reference: Katser and Kozitsin 2020, *Skoltech Anomaly Benchmark*.
"""

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

#: Share of the variance that the principal components of T² hold, and level of both control limits.
_EXPLAINED, _LEVEL = 0.85, 0.999
#: Rows of the median of T² and Q, and of that of the other alarms.
_STATISTIC_ROWS, _ALARM_ROWS = 5, 3


def hotelling_and_q(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the alarms of Hotelling's T² and the squared residual Q of PCA.

    The limit of T² is that of the F distribution; the limit of Q is Jackson and Mudholkar's (1979,
    *Technometrics* 21(3)) with the sum of the small eigenvalues and its powers, as in SKAB's `t2.py`. Powers
    of the sum are not sums of powers, so this limit is higher than theirs.
    """
    varies = train.std(axis=0) > 0
    scaler = StandardScaler().fit(train[:, varies])
    x = scaler.transform(train[:, varies])
    pca = PCA(n_components=_EXPLAINED).fit(x)
    n, k = len(x), pca.n_components_
    limit_t2 = k * (n - 1) * (n + 1) / (n * (n - k)) * stats.f.ppf(_LEVEL, k, n - k)
    left = np.linalg.eigvalsh(np.cov(x.T))[::-1][k:].sum()
    first, second, third = left, left**2, left**3
    h = 1 - 2 * first * third / (3 * second**2)
    z = stats.norm.ppf(_LEVEL)
    limit_q = first * (1 + z * h * np.sqrt(2 * second) / first + second * h * (h - 1) / first**2) ** (1 / h)
    new = scaler.transform(rows[:, varies])
    codes = pca.transform(new)
    t2 = np.square(codes / np.sqrt(pca.explained_variance_)).sum(axis=1)
    q = np.square(new - pca.inverse_transform(codes)).sum(axis=1)
    return (_median(t2, _STATISTIC_ROWS) > limit_t2) | (_median(q, _STATISTIC_ROWS) > limit_q)


def isolation_forest(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the alarms of an Isolation Forest, with a contamination of 0.0005."""
    forest = IsolationForest(contamination=0.0005, random_state=0).fit(train)
    return _median(forest.predict(rows) < 0, _ALARM_ROWS) > 0


def dense_autoencoder(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the alarms of a plain dense autoencoder of single rows.

    Layers 5, 4, 2, 4, 5 with batch normalization, the absolute error, at most 40 epochs, early stopping on
    the last fifth. The threshold is 1.5 times the 0.999 quantile of the summed absolute error of the
    training rows.
    """
    import keras

    keras.utils.set_random_seed(0)
    scaler = StandardScaler().fit(train)
    x, new = scaler.transform(train).astype("float32"), scaler.transform(rows).astype("float32")
    layers: list[keras.layers.Layer] = [keras.Input((x.shape[1],))]
    for width in (5, 4):
        layers += _block(width)
    layers.append(keras.layers.Dense(2))
    for width in (4, 5):
        layers += _block(width)
    model = keras.Sequential([*layers, keras.layers.Dense(x.shape[1])])
    model.compile(keras.optimizers.Adam(0.005), loss="mae")
    stopping = keras.callbacks.EarlyStopping(patience=3)
    model.fit(x, x, validation_split=0.2, epochs=40, batch_size=32, verbose=0, callbacks=[stopping])

    def errors(values: np.ndarray) -> np.ndarray:
        return np.abs(values - model.predict(values, batch_size=4096, verbose=0)).sum(axis=1)

    alarms = errors(new) > 1.5 * np.quantile(errors(x), 0.999)
    return _median(alarms, _ALARM_ROWS) > 0


def _block(width: int) -> list:
    import keras

    layers = keras.layers
    return [layers.Dense(width), layers.BatchNormalization(), layers.Activation("relu")]


def _median(values: np.ndarray, rows: int) -> np.ndarray:
    """Return the median of the last rows, at the start that of fewer."""
    return pd.Series(np.asarray(values, "float64")).rolling(rows, min_periods=1).median().to_numpy()
