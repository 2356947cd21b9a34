"""The calls of `tfp_vae.testing`."""

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.calls.audit import post_loss
from tests.fuzz.fuzzed_models import model
from tfp_vae import testing


def _asserted(**given):
    """Says whether the loss is one: this one is not finite at scales of 0."""
    try:
        testing.assert_loss_is_negative_elbo(**given)
    except AssertionError as error:
        if "mistake" not in str(error):
            raise


CALLS = {
    "testing.assert_loss_is_negative_elbo": Call(
        _asserted,
        lambda: {"loss": post_loss, "event_shape": (4,), "latent_size": 2},
        of=testing.assert_loss_is_negative_elbo,
    ),
    "testing.check_elbo": Call(
        testing.check_elbo, lambda: {"vae": model("binary"), "x": fuzzed_models.BINARY[:3]},
        tolerance=None,
    ),
}  # fmt: skip
