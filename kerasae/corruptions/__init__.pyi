# Written by tests/stubs.py.
from kerasae.corruptions._base import Corruption as Corruption
from kerasae.corruptions.channel import ChannelNoise as ChannelNoise
from kerasae.corruptions.gaussian import GaussianNoise as GaussianNoise
from kerasae.corruptions.masking import MaskingNoise as MaskingNoise
from kerasae.corruptions.multiscale_gaussian import MultiscaleGaussianNoise as MultiscaleGaussianNoise
from kerasae.corruptions.occlusion import OcclusionNoise as OcclusionNoise
from kerasae.corruptions.salt_and_pepper import SaltAndPepperNoise as SaltAndPepperNoise
from kerasae.corruptions.shift import ShiftNoise as ShiftNoise
from kerasae.corruptions.stretch import StretchNoise as StretchNoise
from kerasae.corruptions.swap import SwapNoise as SwapNoise
