"""The allowlist of classes and functions that a saved configuration may name."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras

_OF_KERAS = frozenset(
    {
        "activations",
        "constraints",
        "dtype_policies",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "quantizers",
        "random",
        "regularizers",
        "src",
    }
)
_OF_FUNCTIONS = _OF_KERAS - {"dtype_policies", "layers", "models", "quantizers", "src"}
"""Where Keras has functions that a network computes with; those elsewhere read files, or worse."""

_RUNS_CODE = frozenset(
    {"Lambda", "__lambda__", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}
)
_MOST_VALUES = 2**28


def check_config(content: bytes, custom_objects: Mapping[str, Any]) -> None:
    """Checks that a configuration names only objects of Keras, tfp_vae or the caller.

    Args:
      content: The JSON text.
      custom_objects: Further objects that the caller allows, by class name or registered name.

    Raises:
      ValueError: If it is no JSON, or names any other class or function, a class that runs code
        from the file, a vocabulary in another file, or a shape of more than 2²⁸ values.
    """
    config = json.loads(content)
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError("its configuration describes no model")
    for part in _parts(config):
        if isinstance(part, str):
            _check_registered(part, custom_objects)
            continue
        if "class_name" in part:
            _check_class(part, custom_objects)
        for key, value in part.items():
            _check_shape(key, value)
            if key == "vocabulary" and isinstance(value, str):
                raise ValueError("its configuration names a file of vocabulary outside the archive")


def _parts(config: Any) -> Iterator[dict[str, Any] | str]:
    """Yields every object and every string of a configuration."""
    if isinstance(config, str):
        yield config
    elif isinstance(config, list):
        for each in config:
            yield from _parts(each)
    elif isinstance(config, dict):
        yield config
        for each in config.values():
            yield from _parts(each)


def _check_class(part: dict[str, Any], custom_objects: Mapping[str, Any]) -> None:
    name, registered = part["class_name"], part.get("registered_name")
    if name == "function":
        name = part.get("config")
    module = part.get("module")
    if not all(isinstance(each, (str, type(None))) for each in (name, registered, module)):
        raise ValueError("its configuration names a class by something other than a string")
    if name in custom_objects or registered in custom_objects:
        return
    bare = (registered or "").rpartition(">")[2]
    if name in _RUNS_CODE or bare in _RUNS_CODE:
        raise ValueError(
            f"it holds a {name}, which would run code from the file; pass the class in "
            "`custom_objects` if you trust it"
        )
    if _is_ours(registered):
        if keras.saving.get_registered_object(registered) is None:
            raise ValueError(f"it names {registered!r}, which this version of tfp_vae lacks")
    elif module is not None and not _is_of_keras(module, part["class_name"]):
        raise _foreign(registered if ">" in (registered or "") else f"{module}.{name}")
    elif part["class_name"] == "function" and not _computes(module):
        raise ValueError(
            f"it names {f'{module}.{name}'!r}, which is no function that a network computes with; "
            "pass it in `custom_objects` if you trust it"
        )


def _check_registered(name: str, custom_objects: Mapping[str, Any]) -> None:
    if name in custom_objects or _is_ours(name):
        return
    if keras.saving.get_registered_object(name) is not None:
        raise _foreign(name)


def _foreign(name: str | None) -> ValueError:
    return ValueError(
        f"it names {name!r}, which is part of neither Keras nor tfp_vae; pass it in "
        "`custom_objects` if you trust it"
    )


def _check_shape(key: str, value: Any) -> None:
    if not key.endswith("shape") or not isinstance(value, list):
        return
    sizes = [size for size in value if isinstance(size, int)]
    if math.prod(sizes) > _MOST_VALUES:
        raise ValueError(f"its configuration has {key} {value}, more than 2**28 values")


def _is_ours(registered: str | None) -> bool:
    package, arrow, _ = (registered or "").partition(">")
    return bool(arrow) and (package == "tfp_vae" or package.startswith("tfp_vae."))


def _computes(module: str | None) -> bool:
    if module is None or module == "builtins":
        return True
    return not _OF_FUNCTIONS.isdisjoint(module.split(".")[1:2])


def _is_of_keras(module: str, class_name: str) -> bool:
    if class_name == "function" and module == "builtins":
        return True
    root, *rest = module.split(".")
    return root == "keras" and (not rest or rest[0] in _OF_KERAS)
