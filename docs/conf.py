"""How Sphinx makes the site: `python -m sphinx -W -b html docs docs/_build/html`."""

import inspect
import os
import re

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # of the notebooks too, whose pages show it all

from docutils import nodes
from latex2mathml.converter import convert

import tfp_vae  # imports TensorFlow without its dependencies' warnings

project = "tfp_vae"
author = "The tfp_vae developers"
version = release = tfp_vae.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "jupyter_execute"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3

# Notebooks run in full, once: their outputs are kept in docs/_build until their code changes.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 900
nb_execution_in_temp = True
nb_merge_streams = True
nb_output_stderr = "remove"  # TensorFlow's start-up notices; a warning fails in the test suite

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Call with", "params_style")]
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "imported-members": True}
python_use_unqualified_type_names = True
add_module_names = False
default_role = "code"

# Formulas are MathML, which browsers draw by themselves: the site needs nothing from elsewhere.
html_math_renderer = "mathml"
html_theme = "furo"
html_show_copyright = False
html_title = "tfp_vae"
html_static_path = ["_static"]
html_css_files = ["site.css"]


OF_KERAS = {
    *("build", "call", "compute_output_shape", "get_build_config", "get_config", "from_config"),
    *("compile_from_config", "get_compile_config", "metrics"),
    *("on_epoch_begin", "on_epoch_end", "on_train_begin", "on_train_end"),
    *("make_train_function", "predict_step", "reset_metrics", "test_step", "train_step"),
}
"""Methods that Keras calls, and no reader of the reference."""

OF_THE_MODEL = {
    *("adapt", "build_on", "check_condition", "check_objective", "check_rows"),
    *("condition_features", "conditional"),
    *("data_dtype", "decoded", "decoder_latents", "distribution_layers", "first_epoch"),
    *("has_own_steps", "inferred", "latent_pairs", "loss_of", "make_steps", "noise_key"),
    *("not_taken", "note"),
    *("objective_terms", "prepared", "prepared_and_observed", "reconstructing_latents"),
    *("row_shape", "skips", "terms_of", "unpacked"),
}
"""Methods by which the parts of a model know one another."""


def _skipped(_app, _what, name, member, skip, _options):
    """Leaves out those, and the fields of a record, which stand under its attributes."""
    is_field = type(member).__name__ == "_tuplegetter"
    return True if is_field or name in OF_KERAS | OF_THE_MODEL else skip


def _with_underscores(_app, _what, _name, _documented, _options, lines):
    """Keeps the underscore at the end of scikit-learn's names, which would be a reference."""
    lines[:] = [re.sub(r"^(:ivar \w+)_:", r"\1\\_:", line) for line in lines]


def _own_arguments(_app, what, _name, documented, _options, signature, returns):
    """Shows what a Keras layer takes, and not the `*args, **kwargs` of Keras's own `__new__`."""
    if what != "class" or signature != "(*args, **kwargs)":
        return signature, returns
    if not documented.__init__.__module__.startswith("tfp_vae"):
        return "(**kwargs)", returns
    _, *own = inspect.signature(documented.__init__).parameters.values()
    plain = [parameter.replace(annotation=parameter.empty) for parameter in own]
    return str(inspect.Signature(plain)), returns


def _formula(node, display):
    """Returns MathML, with a space between a logarithm and what it is of."""
    space = '<mspace width="0.167em" />'
    return convert(node.astext(), display=display).replace("<mi>log</mi>", f"<mi>log</mi>{space}")


def _draw_inline(translator, node):
    translator.body.append(_formula(node, "inline"))
    raise nodes.SkipNode


def _draw_block(translator, node):
    translator.body.append(f'<div class="math">{_formula(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Connects what this file does while Sphinx runs."""
    app.connect("autodoc-process-signature", _own_arguments)
    app.connect("autodoc-process-docstring", _with_underscores, priority=600)
    app.connect("autodoc-skip-member", _skipped)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_draw_inline, None), block_renderers=(_draw_block, None)
    )
