import pytest

from tfp_vae import likelihoods
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.train_options import AUTO, LikelihoodName, TrainOptions


def test_the_likelihoods_to_choose_from_are_those_of_the_registry():
    assert [each.value for each in LikelihoodName] == [AUTO, *likelihoods.registry.NAMES]
    assert all(each.name == each.value for each in LikelihoodName)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, None),
        ("64", (64, 64)),
        ("48x64", (48, 64)),
        ("0", None),
        ("4x", None),
        ("1x2x3", None),
    ],
)
def test_the_size_of_images_is_one_number_or_two(text, size):
    options = TrainOptions(
        *("pictures", None, False, False, 2, [], 1, 10, 1e-3, 0, 1, OutputFormat.table),
        image_size=text,
    )
    assert options.image_height_and_width == size
    assert ("--image-size" in options.arguments()) == (text is not None)
