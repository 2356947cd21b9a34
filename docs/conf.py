"""Sphinx builds the site: `python -m sphinx -W -b html docs docs/_build/html`.

`python -m sphinx -b linkcheck docs docs/_build/linkcheck` checks the links, without the notebooks.
"""

import inspect
import os
import re
import socket

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # of the notebooks too, whose pages show it all

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.domains.python import PyObject
from sphinx.util.inspect import stringify_signature

import tfp_vae

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
nb_render_markdown_format = "gfm"
nb_output_stderr = "remove"  # TensorFlow's start-up messages; a warning fails in the test suite

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Call with", "params_style")]
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 110  # of full names, which are shown without their modules
autodoc_default_options = {"members": True, "imported-members": True}
python_use_unqualified_type_names = True
add_module_names = False
default_role = "code"

linkcheck_ignore = [r"https?://localhost"]
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_report_timeouts_as_broken = False

# Formulas are MathML, which browsers draw by themselves: the site loads nothing from elsewhere.
html_math_renderer = "mathml"
html_theme = "furo"
html_show_copyright = False
html_title = "tfp_vae"
html_static_path = ["_static"]
html_css_files = ["site.css"]


OF_KERAS = {
    *(
        "build",
        "call",
        "compute_mask",
        "compute_output_shape",
        "get_build_config",
        "get_config",
        "from_config",
    ),
    *("compile_from_config", "get_compile_config", "metrics"),
    *("on_epoch_begin", "on_epoch_end", "on_train_begin", "on_train_end"),
    *("make_train_function", "predict_step", "test_step", "train_step"),
}
"""Methods that Keras calls, and users do not."""

OF_THE_MODEL = {
    *("adapt_once", "build_on", "check_condition", "check_rows", "conditional", "data_dtype"),
    *("decoded", "decoder_latents", "distribution_layers", "has_custom_train_step"),
    *("encoded_data_width", "encoded_sizes", "take_input_encoding", "take_linear_path"),
    *("latent_pairs", "missing", "objective_terms", "point", "posterior_parameters", "prepared"),
    *("prior_of",),
    *("reconstructing_latents", "row_shape", "scored_terms", "terms_of"),
}
"""Methods by which the parts of a model call one another."""


def _skipped(_app, _what, name, member, skip, _options):
    """Leaves out these methods, the fields of a record, which are among its attributes, and TFP's.

    TensorFlow Probability copies its own methods into every subclass of `tfd.Distribution`.
    """
    is_field = type(member).__name__ == "_tuplegetter"
    of_tfp = _is_of(member, "tensorflow_probability")
    return True if is_field or of_tfp or name in OF_KERAS | OF_THE_MODEL else skip


def _is_of(member, package):
    return str(getattr(member, "__module__", None)).startswith(package)


def _without_class_docstring(_app, what, _name, documented, _options, lines):
    """Leaves out the docstring of a constant's class, which autodoc repeats for every constant."""
    if what == "data" and documented.__doc__ == type(documented).__doc__:
        lines.clear()


def _with_underscores(_app, _what, _name, _documented, _options, lines):
    """Escapes the trailing underscore of scikit-learn's names, which reST reads as a link."""
    lines[:] = [re.sub(r"^(:ivar \w+)_:", r"\1\\_:", line) for line in lines]


def _own_arguments(_app, what, _name, documented, _options, signature, returns):
    """Shows the arguments of a Keras layer instead of the `*args, **kwargs` of its `__new__`."""
    if what != "class" or signature != "(*args, **kwargs)":
        return signature, returns
    if not _is_of(documented.__init__, "tfp_vae"):
        return "(**kwargs)", returns
    _, *own = inspect.signature(documented.__init__).parameters.values()
    own_signature = inspect.Signature(own)
    return stringify_signature(own_signature, unqualified_typehints=True), returns


def _prepare_linkcheck(app):
    """Runs no notebook for the link checker, and ignores every site where there is no network."""
    if app.builder.name != "linkcheck":
        return
    app.config.nb_execution_mode = "off"
    app.config.suppress_warnings.append("myst-nb.lexer")
    try:
        socket.getaddrinfo("docs.python.org", 443)
    except OSError:
        app.config.linkcheck_ignore.append(r"https?://")


def _without_test_values(_app, doctree):
    """Shows `epochs = 50  # in the test suite: 2` without the value for the test suite."""
    for block in doctree.findall(nodes.literal_block):
        shown = re.sub(r"  # in the test suite: .*$", "", block.astext(), flags=re.M)
        if shown != block.astext():
            block.rawsource = shown
            block.children = [nodes.Text(shown)]


def _formula(node, display):
    """Returns MathML, with a space between a logarithm and its argument."""
    space = '<mspace width="0.167em" />'
    return convert(node.astext(), display=display).replace("<mi>log</mi>", f"<mi>log</mi>{space}")


def _draw_inline(translator, node):
    translator.body.append(_formula(node, "inline"))
    raise nodes.SkipNode


def _draw_block(translator, node):
    translator.body.append(f'<div class="math">{_formula(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Connects these functions to Sphinx's events, and calls attributes by their name."""
    (attributes,) = (field for field in PyObject.doc_field_types if field.name == "variable")
    attributes.label = "Attributes"
    app.connect("builder-inited", _prepare_linkcheck, priority=100)  # before MyST-NB reads it
    app.connect("doctree-read", _without_test_values)
    app.connect("autodoc-process-signature", _own_arguments)
    app.connect("autodoc-process-docstring", _without_class_docstring)
    app.connect("autodoc-process-docstring", _with_underscores, priority=600)
    app.connect("autodoc-skip-member", _skipped)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_draw_inline, None), block_renderers=(_draw_block, None)
    )
