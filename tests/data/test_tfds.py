"""Data sets that TensorFlow Datasets prepared."""

import numpy as np
import pytest

from kerasae import load_data
from kerasae.data._drawing import SPLITS
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data set that TFDS itself writes as TFRecords, from rows made here."""
    import tensorflow_datasets as tfds

    class TinyShapes(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(4, 4, 1)),
                    "label": tfds.features.ClassLabel(num_classes=2),
                }
            )
            return self.dataset_info_from_configs(features=features)

        def _split_generators(self, manager):
            return {"train": self._generate_examples(40), "test": self._generate_examples(10)}

        def _generate_examples(self, count):
            for index in range(count):
                yield index, {"image": np.full((4, 4, 1), index, "uint8"), "label": index % 2}

    folder = tmp_path_factory.mktemp("tfds")
    TinyShapes(data_dir=folder).download_and_prepare()
    return folder


def test_tfds_reads_what_tfds_prepared(prepared):
    data = load_data("tfds:tiny_shapes", data_dir=str(prepared))
    assert data.spec == Spec("image", (4, 4, 1), "uint8", 0.0, 255.0)
    assert len(data.test) == 10
    assert sum(len(data.split(name)) for name in SPLITS if name != "test") == 40
    np.testing.assert_array_equal(data.train.labels, data.train.examples[:, 0, 0, 0] % 2)


def test_tfds_that_is_not_prepared_says_what_was_tried(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"looked in .*downloaded nothing.*tfds build mnist"):
        load_data("tfds:mnist", data_dir=str(tmp_path))


def test_tfds_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match="TFDS knows no data set 'no_such_thing'"):
        load_data("tfds:no_such_thing", data_dir=str(tmp_path))
