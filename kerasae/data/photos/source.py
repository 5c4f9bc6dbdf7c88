"""photos: the images of a folder in their own sizes, for networks whose code is a map."""

import inspect
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerasae.arguments import check_positive_integer
from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._image_files import accepts as accepts
from kerasae.data._image_files import accepts_more as accepts_more
from kerasae.data._image_files import image_names, is_image, labels_of
from kerasae.data._image_headers import examined
from kerasae.data._skipping import Skipped
from kerasae.data.photos._crops import Crops
from kerasae.data.photos._files import PhotoFiles
from kerasae.image_decoding import TOO_DEEP, TRANSPARENT
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Names of the arguments that name files.
PATHS = ("path", "noisy")
#: Argument that makes a folder of images one of photos.
CLAIMS = ("crop",)
#: Folders of pairs, the clean images and the noisy ones.
_CLEAN, _NOISY = "clean", "noisy"


def photos(
    path: str,
    *,
    crop: int = 64,
    channels: Literal[1, 3, 4] | None = None,
    noisy: str | None = None,
    mirror: bool = True,
    turn: bool = True,
    on_error: Literal["raise", "skip"] = "raise",
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Read the PNG and JPEG files of a folder and of the folders in it, each in its own size.

    A model sees square crops, so that one batch holds parts of images of several sizes. Each batch of a
    training has new crops from anywhere in the images, mirrored and turned by chance. The rows of a split are
    the crops of a fixed grid, which evaluations and most applications use. A network whose code is a map
    (`spatial`) works on the images whole, as `kerasae apply denoising` does. Images are divided into splits
    whole, so no image has crops in two splits.

    Grey images, colour, palettes, CMYK, transparent pixels and 16 bits a channel are read, and images are
    turned upright by the orientation that the camera noted (EXIF). Every file is decoded once at the start,
    so that a corrupt file is found before the training begins. Up to 1 GB of decoded images stay in memory;
    if there are more, each image is decoded once in an epoch.

    If the folder holds two folders `clean` and `noisy`, or `noisy` names one, a training learns to make the
    clean image of the noisy one. The files have the same names, without the ending, and the same sizes.
    The rows of a split are then the clean images. A family that adds noise of its own needs none here: use
    `--model undercomplete`, or `--set model.corruption.level=0`.

    Args:
        path: Path of the folder. With `test=1` it may be one image.
        crop: Pixels on a side of a crop. Defaults to 64.
        channels: Number of channels, 1 for grey, 3 for colour or 4 for colour with transparency. Defaults to
            4 if any file has transparent pixels, to 3 if any has colour, and otherwise to 1.
        noisy: Path of the folder with the noisy versions. Defaults to `None`: the folder `noisy` in `path`,
            if there is one beside a folder `clean`.
        mirror: Whether a training mirrors crops from left to right. Turn this off if the two differ, as in
            print. Defaults to True.
        turn: Whether a training turns crops by quarters. Defaults to True.
        on_error: Action for a file that cannot be decoded. `"raise"` ends the reading; `"skip"` leaves the
            file out and lists it. Defaults to `"raise"`.
        validation: Share of the validation split in the images that the test split leaves, in (0, 1).
            Defaults to 0.1.
        calibration: Share of the calibration split in the images that the test split leaves, in [0, 1).
            Defaults to 0.1.
        test: Share of the test split in all images, in (0, 1). Every image if it is 1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        ValueError: If a file is corrupt, with its name, if there are too few images, or if a clean image has
            no noisy version of its size.
    """
    return _load(**locals())


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return images in their own sizes, with the channels of the training; all are the test split.

    Raises:
        ValueError: If the model was not trained on images.
    """
    if not kind_of(spec).is_picture:
        raise ValueError(
            f"Expected examples like those of the training, {kind_of(spec).described}, received images in "
            f"{arguments['path']}."
        )
    defaults = inspect.signature(photos).parameters
    given = {name: one.default for name, one in defaults.items()} | {"test": 1.0} | arguments
    # The noisy versions of the training belong to its images.
    fixed = {"crop": spec.shape[0], "channels": spec.shape[2], "noisy": None}
    return _load(**{**given, **fixed}, dtype=spec.dtype)


def _load(
    path: str,
    *,
    crop: int,
    channels: int | None,
    noisy: str | None,
    mirror: bool,
    turn: bool,
    on_error: Literal["raise", "skip"],
    validation: float,
    calibration: float,
    test: float,
    seed: int,
    dtype: str | None = None,
) -> Data:
    """Do what `photos` does; `dtype` is the type of the pixels, or `None` for that of the files."""
    check_positive_integer("crop", crop)
    skipped = Skipped(on_error)
    folder, paired = Path(path), noisy
    if paired is None and all(accepts(folder / name) for name in (_CLEAN, _NOISY)):
        folder, paired = folder / _CLEAN, str(folder / _NOISY)
    clean = _read(folder, channels, skipped, dtype)
    partners = None if paired is None else _partners(clean, Path(paired), skipped)
    if len(clean.names) < (1 if test == 1 else 4):
        raise ValueError(
            f"Expected at least 4 images that can be read in {path}, received {len(clean.names)}."
        )
    high = float(np.iinfo(clean.dtype).max)
    spec = Spec("image", (crop, crop, clean.channels), clean.dtype, 0.0, high)
    parts = draw_splits(len(clean.names), validation, calibration, test, seed)
    settings: dict[str, Any] = {"mirror": mirror, "turn": turn, "noisy": partners}
    labels = labels_of(clean.names)
    splits: dict[str, Any] = {
        key: Crops.grid(clean, part, crop, labels=labels, **settings) for key, part in parts.items()
    }
    return Data(Path(path).resolve().name, spec, **splits, skipped=skipped.lines)


def _read(folder: Path, channels: int | None, skipped: Skipped, dtype: str | None) -> PhotoFiles:
    """Return the images of a folder, or one image.

    Args:
        folder: Folder, or one file.
        channels: Number of channels; `None` for that of the files.
        skipped: Takes the files that cannot be decoded.
        dtype: Type of the pixels; `None` for 16 bits if any file has them.
    """
    names = [folder.name] if is_image(folder) else sorted(image_names(folder))
    folder = folder.parent if is_image(folder) else folder
    if not names:
        raise ValueError(f"Expected PNG or JPEG files in {folder}, found none.")
    headers = dict(examined(folder, names, skipped, plain=False))
    if channels is None:
        colour = any(header.colour for header in headers.values())
        channels = 4 if any(header.transparent for header in headers.values()) else 3 if colour else 1
    for name in [name for name, header in headers.items() if header.transparent and channels != 4]:
        skipped.add(str(folder / name), TRANSPARENT)
        del headers[name]
    if dtype is None:
        dtype = "uint16" if any(header.deep for header in headers.values()) else "uint8"
    for name in [name for name, header in headers.items() if header.deep and dtype == "uint8"]:
        skipped.add(str(folder / name), TOO_DEEP)
        del headers[name]
    sizes = np.array([(header.height, header.width) for header in headers.values()], "int64").reshape(-1, 2)
    orientations = np.array([header.orientation for header in headers.values()], "int32")
    return PhotoFiles(str(folder), tuple(headers), orientations, sizes, channels, dtype)


def _partners(clean: PhotoFiles, folder: Path, skipped: Skipped) -> PhotoFiles:
    """Return the noisy versions of images, in their order.

    Raises:
        ValueError: If an image has no version of its size.
    """
    found = _read(folder, clean.channels, skipped, clean.dtype)
    numbers = {found.stem(number): number for number in range(len(found.names))}
    order = []
    for number, name in enumerate(clean.names):
        partner = numbers.get(clean.stem(number))
        if partner is None:
            raise ValueError(
                f"Expected a noisy version of each image in {folder}, under its name; found none for {name}."
            )
        if (found.sizes[partner] != clean.sizes[number]).any():
            sizes = (" x ".join(map(str, one)) for one in (clean.sizes[number], found.sizes[partner]))
            raise ValueError(
                f"Expected {name} with {next(sizes)} pixels in {folder}, as the clean image, received "
                f"{next(sizes)}."
            )
        order.append(partner)
    names = tuple(found.names[partner] for partner in order)
    return PhotoFiles(
        found.folder, names, found.orientations[order], found.sizes[order], found.channels, found.dtype
    )
