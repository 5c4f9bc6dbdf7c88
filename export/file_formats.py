"""Numbers of the formats of a bundle and of the facts in it. Their readers do not import TensorFlow."""

#: Number of the format of `manifest.json`, which stands for `parity.json` and `golden.npz` too.
BUNDLE_FORMAT = 1
#: Number of the format of `facts.json`, in a bundle and inside a `.tflite` file.
FACTS_FORMAT = 1
