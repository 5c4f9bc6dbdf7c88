"""Images decoded by TensorFlow alone, so that a graph can hold it."""

from kerasae.image_decoding.decoding import (
    NO_IMAGE,
    TOO_DEEP,
    TRANSPARENT,
    decode_image,
    decode_plain,
    find_orientation,
    is_deep,
    refusal,
)

__all__ = [
    "NO_IMAGE",
    "TOO_DEEP",
    "TRANSPARENT",
    "decode_image",
    "decode_plain",
    "find_orientation",
    "is_deep",
    "refusal",
]
