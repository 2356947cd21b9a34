"""Data sets: example digits, photographs and sprites, arrays and streams from files, and splits."""

from tfp_vae.datasets.annotated_data import AnnotatedRows, from_anndata
from tfp_vae.datasets.dialect import TextFormat, text_format
from tfp_vae.datasets.digits import Digits, digits
from tfp_vae.datasets.files import from_file
from tfp_vae.datasets.padding import padded, unpadded
from tfp_vae.datasets.photographs import Photographs, photographs
from tfp_vae.datasets.repetition import repeated
from tfp_vae.datasets.splitting import Split, split
from tfp_vae.datasets.sprites import Sprites, sprites
from tfp_vae.datasets.streaming import from_files
from tfp_vae.datasets.tfrecord_writer import write_records

__all__ = [
    "AnnotatedRows",
    "Digits",
    "Photographs",
    "Split",
    "Sprites",
    "TextFormat",
    "digits",
    "from_anndata",
    "from_file",
    "from_files",
    "padded",
    "photographs",
    "repeated",
    "split",
    "sprites",
    "text_format",
    "unpadded",
    "write_records",
]
