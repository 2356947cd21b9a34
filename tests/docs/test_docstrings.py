"""Every public docstring says what a reader needs, and in the same form.

One line; every argument; what comes back; the errors, where the code checks something; an example;
units where a quantity has one; shapes; and the source, where there is one. That the examples run is
asked in `test_examples.py`.
"""

import ast
import builtins
import functools
import importlib
import inspect
import re
import runpy
import textwrap
from pathlib import Path

import pytest
import sklearn.exceptions

from tfp_vae.testing import properties

WITH_SOURCES = ("divergences", "evaluation", "likelihoods", "objectives", "posteriors", "priors")
WITH_SHAPES = (*WITH_SOURCES, "networks")
OTHERS = (
    *("datasets", "plotting", "sklearn", "callbacks", "tables"),
    *("testing", "testing.flows", "testing.objective_properties", "testing.properties"),
    "testing.strategies",
)
PACKAGES = ("tfp_vae", *(f"tfp_vae.{name}" for name in (*WITH_SHAPES, *OTHERS)))
CONF = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "conf.py"))
HOOKS = {
    # of posteriors, priors and likelihoods
    *(
        "adapt",
        "adapt_to_latents",
        "bijectors",
        "conditional",
        "counts",
        "distribution",
        "fitted_to",
        "given_observed",
        "in_training",
        "known_at",
        "known_of",
        "known_of_new_rows",
        "takes_exposure",
    ),
    *("for_values",),
    *(
        "independent",
        "of_observed",
        "parameter_shapes",
        "parameters",
        "prediction",
        "present_temperature",
    ),
    *("cost", "rows_wanted", "take_codebook", "take_encoder", "take_features"),
    # by which they begin at data
    *("affine_map", "constants_at", "input_encoding", "location_unit", "locations"),
    "mean_parameters",
    *("noise_groups", "noise_scale", "outputs_of", "stddev_of", "take_units", "zero_heads"),
    # of encoders, decoders and transitions
    *("checked", "of_tensors"),
    # of objectives
    *("categorical_cost", "check_pair", "drawn_terms", "draws_categories", "for_model", "learn"),
    "learned_weights",
    *("schedules", "shown_arguments", "terms"),
}
"""Methods that a subclass implements; one line says what they do."""

INNER = HOOKS | CONF["OF_KERAS"] | CONF["OF_THE_MODEL"]

SHAPE = re.compile(r"`\[[\w., *+()-]*\]`")

CITATION = re.compile(r"[A-Z]\w+(?: \(\d{4}\)| \d{4}\b)|et al\.? \(?\d{4}")
WITHOUT_A_SOURCE = {
    "likelihoods": {"Categorical", "Laplace", "Poisson", "for_values", "get", "suggest"}
    | {"candidates", "marginal_distribution", "marginal_distribution_fn", "suggest_columns"},
    "priors": {"Beta", "Gamma", "Normal"},
    "evaluation": {"code_usage", "compare", "log_conditional_likelihood", "reconstruction_error"},
    "divergences": {
        *("declaration", "exact_kl_divergence", "kl_divergence_per_dimension"),
        *("latent_factors", "sampled_kl_divergence", "kl_divergence_per_layer"),
        "is_summed_over_layers",
    },
}
"""What is of the textbooks, or of this library."""

PROPERTIES = {
    each for each in properties.PROPERTIES if [*inspect.signature(each).parameters] == ["subject"]
}
"""Their package says once what a subject is and what they raise, and has an example."""

UNITS = re.compile(r"\b(nats?|bits?)\b")
QUANTITIES = re.compile(
    r"elbo|kl_|^log_likelihood$|log_|bits|rate$|distortion|information|correlation|estimate$|objective"
)


def _public():
    found = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            member = getattr(module, name)
            if inspect.isclass(member) or inspect.isfunction(member):
                found.setdefault(member, f"{package}.{name}")
    return {name: member for member, name in found.items()}


def _function_of(attribute):
    if isinstance(attribute, property):
        return attribute.fget
    return getattr(attribute, "__func__", attribute)


def _methods_of(kind):
    """Returns the public methods and properties that a class has of this library, by name."""
    found = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("tfp_vae"):
            found |= {
                name: attribute
                for name, attribute in vars(base).items()
                if not name.startswith("_")
                and (inspect.isfunction(_function_of(attribute)) or isinstance(attribute, property))
            }
    return found


def _public_methods():
    """Returns the methods that users call, each with the first class that has it."""
    found = {}
    for owner, kind in CLASSES.items():
        for name, attribute in _methods_of(kind).items():
            if name not in INNER:
                found.setdefault(_function_of(attribute), (f"{owner}.{name}", owner, attribute))
    return {name: (owner, attribute) for name, owner, attribute in found.values()}


PUBLIC = _public()
CLASSES = {name: member for name, member in PUBLIC.items() if inspect.isclass(member)}
RECORDS = {
    name
    for name, member in CLASSES.items()
    if issubclass(member, tuple) or hasattr(member, "__dataclass_fields__")
}
METHODS = _public_methods()


def _section(text, title):
    """Returns the lines below `title:`, as far as they are indented; None if it is not there."""
    found = re.search(rf"^{title}:\n((?:[ ]{{2,}}.*\n|\n)+)", inspect.cleandoc(text) + "\n", re.M)
    return found and textwrap.dedent(found[1])


def _entries(section):
    """Returns the names that stand before the colons of a section."""
    firsts = re.findall(r"^(\*{0,2}\w[\w, *]*?)(?: \([^)]*\))?:(?: |$)", section or "", re.M)
    return {name.strip() for first in firsts for name in first.split(",")}


def _parameters(function):
    """Returns the names of the parameters that the docstring of a function must describe."""
    if function in PROPERTIES:
        return set()
    return {
        {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "") + name
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in {"self", "cls"}
    }


@functools.cache
def _checks_something(function):
    """Tells whether the code of a function raises, or has an argument checked."""
    try:
        source = inspect.getsource(function)
    except OSError:  # a composite strategy, whose function Hypothesis has made
        return False
    tree = ast.parse(textwrap.dedent(source))
    return any(
        isinstance(node, ast.Raise)
        or (
            isinstance(node, ast.Call) and re.match(r"(tfp_vae\.)?checks\.", ast.unparse(node.func))
        )
        for node in ast.walk(tree)
    )


def _has_example(text):
    return ">>> " in (_section(text, "Example") or "")


def _faults_of_function(text, function):
    """Returns what the docstring of a function lacks."""
    faults = []
    expected = _parameters(function)
    described = _entries(_section(text, "Args"))
    if expected != described:
        faults.append(f"Args: {sorted(described)} stand there, {sorted(expected)} are taken")
    raised = _section(text, "Raises")
    if raised is None and function not in PROPERTIES and _checks_something(function):
        faults.append("Raises: the code checks something")
    if raised is not None:
        faults += [
            f"Raises: {name} is no error" for name in _entries(raised) if not _is_error(name)
        ]
    return faults


def _faults_of_returns(text, function):
    silent = inspect.signature(function).return_annotation in (None, "None")
    said = silent or _section(text, "Returns") or text.startswith("Returns")
    return [] if said else ["Returns: it does return something"]


def _is_error(name):
    kind = getattr(builtins, name, getattr(sklearn.exceptions, name, None))
    return inspect.isclass(kind) and issubclass(kind, BaseException)


def _faults_of_line(text):
    first = inspect.cleandoc(text).splitlines()[0]
    return [] if re.match(r"[A-Z`].*[.:]$", first) else [f"the first line is {first!r}"]


def faults_of_name(name):
    """Returns what the docstring of a class or function lacks, in words."""
    member = PUBLIC[name]
    text = member.__doc__ or ""
    faults = _faults_of_line(text)
    if name in RECORDS:
        fields = set(inspect.signature(member).parameters)
        described = _entries(_section(text, "Attributes"))
        if fields != described:
            faults.append(f"Attributes: {sorted(described)} stand there, {sorted(fields)} are")
    else:
        function = member.__init__ if inspect.isclass(member) else member
        if getattr(function, "__module__", "builtins").startswith("tfp_vae"):
            faults += _faults_of_function(text, function)
    if inspect.isfunction(member):
        faults += _faults_of_returns(text, member)
    if member not in properties.PROPERTIES and not _has_example(text):
        faults.append("Example: none that runs")
    return faults


def faults_of_method(name):
    """Returns what the docstring of a method or property lacks, in words."""
    owner, attribute = METHODS[name]
    function = _function_of(attribute)
    text = function.__doc__ or ""
    faults = _faults_of_line(text)
    if isinstance(attribute, property):
        faults += ["Sphinx reads what stands before a colon as a type"] * (": " in text)
    else:
        faults += _faults_of_function(text, function) + _faults_of_returns(text, function)
    shown = _section(CLASSES[owner].__doc__, "Example") or ""
    if not _has_example(text) and f".{name.rpartition('.')[2]}" not in shown:
        faults.append("Example: neither here nor in that of its class")
    return faults


def _quantities(name):
    return [
        field for field in inspect.signature(PUBLIC[name]).parameters if QUANTITIES.search(field)
    ]


def _described(package_names):
    """Returns the public names of some packages that are no records and no abstract classes."""
    return [
        name
        for name, member in PUBLIC.items()
        if name.split(".")[1] in package_names
        and name not in RECORDS
        and not inspect.isabstract(member)
    ]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_docstring_is_complete(name):
    assert faults_of_name(name) == []


@pytest.mark.parametrize("name", METHODS)
def test_a_public_method_is_documented(name):
    assert faults_of_method(name) == []


@pytest.mark.parametrize("name", _described(WITH_SHAPES))
def test_shapes_are_said(name):
    """Of a prior, which is no function of a tensor, by its method `distribution`."""
    member = PUBLIC[name]
    texts = [member.__doc__, getattr(getattr(member, "distribution", None), "__doc__", "")]
    assert any(SHAPE.search(text) for text in texts)


@pytest.mark.parametrize("name", _described(WITH_SOURCES))
def test_the_source_is_named_where_there_is_one(name):
    _, package, short = name.split(".")
    has_one = short not in WITHOUT_A_SOURCE.get(package, ())
    assert bool(CITATION.search(PUBLIC[name].__doc__)) == has_one


@pytest.mark.parametrize("name", [name for name in sorted(RECORDS) if _quantities(name)])
def test_the_units_of_a_record_are_said(name):
    assert UNITS.search(PUBLIC[name].__doc__)


def test_what_properties_share_is_said_in_their_package():
    said = properties.__doc__
    assert _has_example(said)
    assert all(f"`{name}`" in said for name in ("Subject", "AssertionError", "NotApplicable"))


def test_every_hook_is_there():
    methods = set().union(*(_methods_of(kind) for kind in CLASSES.values()))
    assert methods >= INNER


def test_a_docstring_without_its_parts_is_found():
    def checked(number, other):
        """Does something.

        Args:
          number: What it takes.
        """
        if number < other:
            raise ValueError

    assert len(_faults_of_function(checked.__doc__, checked)) == 2
    assert not _has_example(checked.__doc__)
