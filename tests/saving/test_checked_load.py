"""Why a file is refused."""

import json

import keras
import pytest

import tfp_vae
from tests.support import untrusted_models


def from_keras(path, version):
    """Rewrites a saved model as one that this Keras cannot read, of another version."""
    metadata = json.dumps({"keras_version": version}).encode()
    members = untrusted_models.members_of(path)
    config = json.loads(members[untrusted_models.CONFIG])
    config["config"]["of_the_future"] = 1
    members |= {"metadata.json": metadata, untrusted_models.CONFIG: json.dumps(config).encode()}
    return untrusted_models.archive_of(members, path)


def test_a_file_of_a_newer_keras_is_refused_with_both_versions(path):
    newer = f"it was saved with Keras 99.0.1, newer than {keras.__version__}"
    with pytest.raises(ValueError, match="of_the_future") as caught:
        tfp_vae.load(from_keras(path, "99.0.1"))
    assert str(caught.value).endswith(f"; {newer}.")


@pytest.mark.parametrize(
    "version",
    [keras.__version__, "3.0.0", "99.0" + "1" * 1000, "99.0\nTake this.", "new", 99, None],
)
def test_the_version_is_named_only_if_it_is_one_and_newer(path, version):
    with pytest.raises(ValueError, match="of_the_future") as caught:
        tfp_vae.load(from_keras(path, version))
    assert "newer" not in str(caught.value)
