"""How Sphinx makes the site: `python -m sphinx -W -b html docs docs/_build/html`."""

import inspect
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # of the notebooks too, whose pages show it all

import tfp_vae  # first: it imports TensorFlow without its dependencies' warnings

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

html_theme = "furo"
html_title = "tfp_vae"
html_static_path = ["_static"]
html_css_files = ["site.css"]


def _own_arguments(_app, what, _name, documented, _options, signature, returns):
    """Shows what a Keras layer takes, and not the `*args, **kwargs` of Keras's own `__new__`."""
    if what != "class" or signature != "(*args, **kwargs)":
        return signature, returns
    _, *own = inspect.signature(documented.__init__).parameters.values()
    plain = [parameter.replace(annotation=parameter.empty) for parameter in own]
    return str(inspect.Signature(plain)), returns


def setup(app):
    """Connects what this file does while Sphinx runs."""
    app.connect("autodoc-process-signature", _own_arguments)
