"""MultiWorkerFit: `fit` on several hosts, which Keras does not support."""

from typing import Any

import tensorflow as tf

from kerasae.keras_classes import Model


class MultiWorkerFit(Model):
    """Keras model whose `fit` and `evaluate` run under `tf.distribute.MultiWorkerMirroredStrategy`.

    Keras 3.15 fails there for two reasons (keras#20585). It reduces the logs of a step a second time, over
    an axis that they do not have ("Invalid reduction dimension 0 for input with 0 dimensions"), and it
    builds the model from a batch outside the scope of the strategy. This class leaves a built model as it
    is, and a step returns the logs of this host. The logs of an epoch come from the metrics, which cover all
    hosts. Under any other strategy the class behaves as `keras.Model`.

    Compile and fit the model inside the scope. As under every strategy, XLA, `steps_per_execution` above 1
    and gradient accumulation are refused.
    """

    train_function: Any
    test_function: Any

    @property
    def _many_hosts(self) -> bool:
        strategy = self.distribute_strategy
        many = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        # Keras checks the same before it reduces the logs. One host alone behaves as without this strategy.
        return many and strategy.extended._in_multi_worker_mode()

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        if not self._many_hosts:
            super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)
        elif not self.built:
            raise ValueError("Expected a built model to train on several hosts; call `model.build` first.")

    def make_train_function(self, force: bool = False) -> Any:
        if not self._many_hosts:
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = self._on_all(self.train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        if not self._many_hosts:
            return super().make_test_function(force)
        if self.test_function is None or force:
            self.test_function = self._on_all(self.test_step)
        return self.test_function

    def _on_all(self, step: Any) -> Any:
        strategy = self.distribute_strategy

        @tf.autograph.experimental.do_not_convert
        def function(iterator: Any) -> Any:
            logs = strategy.run(step, args=(next(iterator),))
            return tf.nest.map_structure(lambda log: strategy.experimental_local_results(log)[0], logs)

        return function if self.run_eagerly else tf.function(function, autograph=False)
