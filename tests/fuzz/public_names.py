"""Which public calls there are: those that the pages of the API name."""

import dataclasses
import importlib
import inspect
import re
import typing
from pathlib import Path

import tfp_vae

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
_PACKAGES = sorted(
    set(re.findall(r"^\| `tfp_vae\.([a-z]+)` \|", PAGE, re.M)) | {"testing", "sklearn"}
)
OF_TESTS = {
    *("assert_close", "assert_config_is_a_fixed_point", "assert_mean", "assert_mean_at_most"),
    *("conditional_normal", "diagonal_normal", "normal_kl_divergence", "without_exact_kl"),
    *("finite_differences", "normal_squared_maximum_mean_discrepancy", "numerical_log_density"),
    *("plane_grid", "repeated", "same_noise_normal", "with_holes", "with_random_weights"),
}
"""What a test calls with numbers and distributions of its own, which are taken as they are."""
OF_ENCODINGS = {"compressed_tails", "moments"}
"""What an encoding computes with, of tensors and arrays that are taken as they are."""

_CLASSES = {
    **{name: name for name in ("VAE", "MultimodalVAE", "VariationalRNN")},
    "VAETransformer": "sklearn.VAETransformer",
}


def _takes_arguments(public):
    """Tells whether it can be called with something of its own."""
    is_alias_of_a_type = typing.get_origin(public) is not None
    if not callable(public) or inspect.isabstract(public) or is_alias_of_a_type:
        return False
    if isinstance(public, type):
        if issubclass(public, tuple) or dataclasses.is_dataclass(public):
            return False
        if "__init__" not in vars(public):
            return False
        public = public.__init__
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(public).parameters
    return any(each.kind in named for name, each in parameters.items() if name != "self")


def _methods():
    """Yields the methods that the tables "method of `...`" name."""
    for name, rows in re.findall(r"\| method of `(\w+)` \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", PAGE):
        for row in rows.splitlines():
            for call in re.findall(r"`([^`]*)`", row.split("|")[1]):
                method = call.partition("(")[0]
                if "=" not in method and call != "prior()":
                    yield f"{_CLASSES[name]}.{method}"


def public_calls():
    """Returns the names of all public calls that take an argument."""
    found = set(_methods())
    for package in _PACKAGES:
        module = importlib.import_module(f"tfp_vae.{package}")
        found |= {
            f"{package}.{name}"
            for name in module.__all__
            if _takes_arguments(getattr(module, name)) and name not in OF_TESTS | OF_ENCODINGS
        }
    top = [name for name in tfp_vae.__all__ if not inspect.ismodule(getattr(tfp_vae, name))]
    found |= {name for name in top if _takes_arguments(getattr(tfp_vae, name))}
    return found | {
        "HierarchicalVAE.from_mlps",
        "StateSpaceVAE.from_gru",
        "VariationalRNN.from_gru",
    }
    return found | {f"{name}.from_mlps" for name in ("HierarchicalVAE", "MultimodalVAE")}
    return found | {f"HierarchicalVAE.{name}" for name in ("from_mlps", "ladder_from_mlps")}
