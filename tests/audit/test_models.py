"""Whole models, handed over as they stand: each is read as what it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.audit import keras_models, tf_keras_models
from tfp_vae.audit import audit, audit_model, audit_tensors

D, K = 12, 3
X = (np.random.default_rng(0).random((6, D)) > 0.5).astype(np.float32)

KERAS = [
    (keras_models.example, {}, set()),
    (keras_models.example_with_tanh, {}, {"likelihood-formula"}),
    (keras_models.mean_over_latents, {}, {"kl-reduction"}),
    (keras_models.ConvolutionalVAE, {"step": keras_models.compute_loss}, set()),
    (keras_models.layer_beside_compile, {}, set()),
    (keras_models.layer_beside_mean, {}, {"likelihood-reduction"}),
    (keras_models.subclassed, {}, {"fixed-scale", "likelihood-reduction", "scale-mismatch"}),
    (
        keras_models.PostVAE,
        {},
        {"batch-mean", "kl-sign", "likelihood-reduction", "unbounded"},
    ),
    (keras_models.SigmaVAE, {"expected_kl_weight": 4.0}, {"fixed-scale"}),
    (keras_models.SigmaVAE, {}, {"fixed-scale", "kl-weight"}),
    (keras_models.FreeBitsVAE, {}, {"fixed-scale", "free-bits"}),
    (keras_models.reconstruction_only, {}, {"kl-weight"}),
    (keras_models.layers_without_names, {}, {"scale-mismatch"}),
    (keras_models.loss_in_the_last_layer, {}, set()),
    (keras_models.ConditionalVAE, {}, set()),
    (keras_models.own_compute_loss, {}, {"fixed-scale"}),
    (keras_models.ModuleOfTensorFlow, {}, {"kl-sign", "unbounded"}),
    (keras_models.of_several_outputs, {}, {"kl-reduction"}),
]
OF_TFP = {"encoder": "posterior_parameters", "decoder": "logits"}
TF_KERAS = [
    (tf_keras_models.symbolic_add_loss, {}, set()),
    (tf_keras_models.mean_cross_entropy, {}, {"likelihood-reduction"}),
    (tf_keras_models.closure, {}, set()),
    (tf_keras_models.closure_with_the_wrong_sign, {}, {"kl-sign", "unbounded"}),
    (tf_keras_models.loss_object, {}, {"kl-reduction"}),
    (tf_keras_models.operations_in_the_graph, {}, {"fixed-scale"}),
    (tf_keras_models.layer_beside_compile, {}, {"fixed-scale"}),
    (tf_keras_models.layer_beside_mse, {}, {"fixed-scale", "likelihood-reduction"}),
    (tf_keras_models.Subclass, {}, set()),
    (tf_keras_models.HalfTheScale, {}, {"scale-mismatch"}),
    # TensorFlow Probability 0.25 adds its regulariser twice: the loss of the layer is twice the KL.
    (tf_keras_models.layers_of_tfp, OF_TFP, {"kl-weight"}),
    (tf_keras_models.layers_of_tfp, {**OF_TFP, "expected_kl_weight": 2.0}, set()),
    pytest.param(
        tf_keras_models.coders_of_tfp,
        {"expected_kl_weight": 2.0},
        set(),
        marks=pytest.mark.nightly,
    ),
    (tf_keras_models.OtherNames, {}, set()),
    (tf_keras_models.HolderOfModels, {}, set()),
]


def check(make, arguments, codes):
    report = audit_model(make(), X, **arguments)
    assert report.codes == codes, report
    assert not report.undetermined


@pytest.mark.parametrize(("make", "arguments", "codes"), KERAS)
def test_a_model_of_keras_is_read(make, arguments, codes):
    check(make, arguments, codes)


@pytest.mark.parametrize(("make", "arguments", "codes"), TF_KERAS)
def test_a_model_of_tf_keras_is_read(make, arguments, codes):
    check(make, arguments, codes)


TORCH = {
    "Example": ({}, {"overall-factor"}),
    "Example by its step": ({"step": "example_step"}, {"overall-factor"}),
    "MeanAndSum": ({}, {"batch-reduction", "likelihood-reduction"}),
    "VanillaVAE": (
        {"step": lambda model, x: model.loss_function(*model(x), M_N=0.00025)},
        {"fixed-scale", "kl-weight", "likelihood-reduction"},
    ),
    "Chunked": ({}, set()),
    "OtherScale": ({}, {"scale-mismatch"}),
    "Distributions": ({"expected_kl_weight": 2.0}, {"fixed-scale"}),
    "Capacity": ({"expected_kl_weight": 10.0}, {"capacity"}),
    "SampledKL": ({}, {"fixed-scale"}),
    "Counting": ({"expected_kl_weight": 0.25}, set()),
    "DrawFirst": ({}, {"overall-factor"}),
    "Anonymous": ({}, {"overall-factor"}),
    "OneForward": ({}, {"overall-factor"}),
    "Capitals": ({}, {"overall-factor"}),
    "OfLabels": ({}, {"overall-factor"}),
    "Halves": ({}, {"overall-factor"}),
    "OtherHalves": ({}, {"overall-factor", "scale-mismatch"}),
    "MethodOfResult": ({}, {"overall-factor"}),
    "Interleaved": ({}, set()),
    "LogVarianceFirst": ({}, set()),
    "OtherInterleaved": ({}, {"scale-mismatch"}),
    "LabelFirst": ({"step": "label_step"}, set()),
    "ThreeInABatch": ({}, {"overall-factor"}),
    "OutputOfAClass": ({}, {"overall-factor"}),
    "MeanOfFixedSize": ({}, {"kl-reduction", "kl-weight"}),
    "LossOfResult": (
        {"arguments": {"M_N": 0.00025}},
        {"fixed-scale", "kl-weight", "likelihood-reduction"},
    ),
    "StoredKL": (
        {"latents": ("encoder.mean", "encoder.log_sigma"), "likelihood": "normal"},
        {"fixed-scale", "kl-formula", "overall-factor"},
    ),
}


@pytest.mark.parametrize("name", TORCH)
def test_a_model_of_pytorch_is_read(name):
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    arguments, codes = TORCH[name]
    if isinstance(arguments.get("step"), str):
        arguments = {"step": getattr(torch_models, arguments["step"])}
    check(getattr(torch_models, name.partition(" ")[0]), arguments, codes)


def test_a_model_that_returns_no_loss_is_told_how_to_say_it():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    with pytest.raises(ValueError, match=r"`step` must say how .* returns 3 outputs of shape"):
        audit_model(torch_models.NoLoss(), X)


def test_heads_are_told_from_operations_that_are_called_with_one_tensor():
    report = audit_model(tf_keras_models.operations_on_windows(), X.reshape(-1, 6, 2))
    assert report.codes == {"fixed-scale", "likelihood-reduction"}, report


def test_what_a_loss_of_keywords_needs_is_asked_for():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    with pytest.raises(ValueError, match="needs 'M_N': give it in `arguments`"):
        audit_model(torch_models.LossOfResult(), X)


def test_the_line_that_draws_is_in_the_framework_of_the_model():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    report = audit_model(torch_models.OtherHalves(), X)
    (finding,) = [f for f in report.findings if f.code == "scale-mismatch"]
    assert "torch.randn_like(mean)" in finding.fix


def test_a_loss_that_is_a_module_of_pytorch_is_bound_by_the_names_of_its_forward():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    report = audit(torch_models.SumOfTerms(), event_shape=(D,), latent_size=K)
    assert report.codes == {"overall-factor"}


def test_what_a_model_counts_is_as_before():
    pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    model = torch_models.Counting()
    audit_model(model, X)
    assert "num_iter" not in vars(model)
    model.num_iter = 2
    audit_model(model, X)
    assert model.num_iter == 2


def test_a_loss_of_pytorch_is_read_and_corrected_in_pytorch():
    torch = pytest.importorskip("torch", reason="the extra `frameworks` is not installed")
    from tests.audit import torch_models

    model = torch_models.Example()
    sizes = {"event_shape": (D,), "latent_size": K}
    report = audit(torch_models.loss_function, model.reparameterize, **sizes)
    assert report.codes == {"overall-factor"}

    def wrong(recon_x, x, mu, logvar):
        return torch_models.loss_function(recon_x, x, mu, 2 * logvar)

    report = audit(wrong, model.reparameterize, **sizes)
    assert report.codes == {"overall-factor", "scale-mismatch"}
    code = report.corrected_code.split("\n\nz = ")[0]
    assert code.startswith("def loss(recon_x, x, mu, logvar):")
    space = {"torch": torch}
    exec(code, space)
    assert audit(space["loss"], **sizes).codes == frozenset()


JAX = {
    "loss": ("function", set()),
    "mean_loss": ("function", {"likelihood-reduction"}),
    "compiled_loss": ("function", set()),
    "Model": ("object", set()),
    "OtherScale": ("object", {"scale-mismatch"}),
}


@pytest.mark.parametrize("name", JAX)
def test_a_model_of_jax_is_read(name):
    pytest.importorskip("jax", reason="the extra `frameworks` is not installed")
    from tests.audit import jax_models

    kind, codes = JAX[name]
    found = getattr(jax_models, name)
    if kind == "function":
        check(lambda: found, {"arguments": {"params": jax_models.PARAMS}}, codes)
    else:
        check(found, {}, codes)


def test_a_loss_and_a_sampler_of_jax_are_read():
    pytest.importorskip("jax", reason="the extra `frameworks` is not installed")
    from tests.audit import jax_models

    def loss(logits, x, mu, logvar):
        return jax_models.bernoulli(logits, x) + jax_models.gaussian_kl(mu, logvar)

    report = audit(
        loss,
        jax_models.gaussian_sample,
        decoder_output="logits",
        event_shape=(D,),
        latent_size=K,
    )
    assert report.codes == frozenset()


def test_the_method_of_a_class_that_closes_over_tensors_can_be_handed_over():
    report = audit(keras_models.PostVAE().vae_loss, event_shape=(D,))
    assert report.codes == {"batch-mean", "kl-sign", "likelihood-reduction", "unbounded"}


def test_nothing_of_a_model_is_changed():
    model = keras_models.example()
    before = [np.array(v) for v in model.variables]
    attributes = sorted(vars(model.decoder))
    state = np.random.get_state()[1].copy()
    audit_model(model, X)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert sorted(vars(model.decoder)) == attributes
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert not tf.config.functions_run_eagerly()


def test_tensors_of_a_graph_can_be_handed_over():
    inputs = keras.Input((D,))
    mean, s = keras.layers.Dense(K)(inputs), keras.layers.Dense(K)(inputs)
    z = keras_models.Sampling()([mean, s])
    outputs = keras.layers.Dense(D, activation="sigmoid")(z)
    nll = D * keras.losses.binary_crossentropy(inputs, outputs)
    kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(2 * s) - 2 * s - 1, axis=-1)
    report = audit_tensors(nll + kl, x=inputs, decoder_output=outputs, encoder_outputs=(mean, s))
    assert report.codes == frozenset()
    report = audit_tensors(
        nll + kl, x=inputs, decoder_output=outputs, encoder_outputs=(mean, s), z=z
    )
    assert report.codes == {"scale-mismatch"}


@pytest.mark.parametrize("is_whole", [True, False])
def test_one_tensor_of_a_graph_may_hold_both_outputs(is_whole):
    inputs = keras.Input((D,))
    both = keras.layers.Dense(2 * K)(inputs)
    s, mean = keras.ops.split(both, 2, axis=-1)
    z = keras_models.Sampling()([mean, s])
    outputs = keras.layers.Dense(D, activation="sigmoid")(z)
    nll = D * keras.losses.binary_crossentropy(inputs, outputs)
    kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(s) - s - 1, axis=-1)
    # With a draw of z, also two tensors that are given in the order of the split are told apart.
    given = both if is_whole else (s, mean)
    parts = {"x": inputs, "decoder_output": outputs, "encoder_outputs": given, "z": z}
    assert audit_tensors(nll + kl, **parts).codes == frozenset()
    assert audit_tensors(nll - kl, **parts).codes == {"kl-sign", "unbounded"}


@pytest.mark.parametrize(
    ("model", "x", "arguments", "error", "words"),
    [
        (object(), X, {}, ValueError, "`model` must"),
        (keras.Sequential([keras.layers.Dense(D)]), X, {}, ValueError, "`model` must"),
        (keras_models.example, X[0], {}, ValueError, "`x` must be examples"),
        (keras_models.example, "digits", {}, TypeError, "`x`"),
        (keras_models.example, X[:, :0], {}, ValueError, "`x` must be examples"),
        (keras_models.example, X, {"encoder": "recogniser"}, ValueError, "`encoder` must name"),
        (keras_models.example, X, {"decoder": 3}, ValueError, "`decoder` must name a part"),
        (keras_models.example, X, {"latents": "z_mean"}, TypeError, "`latents` must be a list"),
        (keras_models.example, X, {"batch_size": 10**6}, ValueError, "`batch_size` must be an int"),
        (keras_models.example, X, {"step": "no_such_step"}, TypeError, "`step` must"),
        (
            keras_models.example,
            X,
            {"step": lambda model, x: 0.0},
            ValueError,
            "a `step` that calls none",
        ),
        (keras_models.example, X, {"likelihood": "poisson"}, ValueError, "`likelihood`"),
        (keras_models.example, X, {"likelihood": X}, ValueError, "`likelihood` must be one of"),
        (keras_models.example, X, {"decoder_output": "odds"}, ValueError, "`decoder_output` must"),
        (
            keras_models.example,
            X,
            {"likelihood": "normal", "decoder_output": "logits"},
            ValueError,
            "`decoder_output` must be one of 'mean', 'probs' for likelihood='normal'",
        ),
        (
            keras_models.example,
            X,
            {"expected_kl_weight": -1.0},
            ValueError,
            "`expected_kl_weight` must be a positive number or 0; got -1.0",
        ),
        (keras_models.example, X, {"arguments": [1]}, TypeError, "`arguments`"),
    ],
)
def test_what_is_no_model_ends_in_one_clear_error(model, x, arguments, error, words):
    made = model() if callable(model) and not hasattr(model, "layers") else model
    with pytest.raises(error, match=words) as caught:
        audit_model(made, x, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [keras_models.without_a_loss, tf_keras_models.without_a_loss])
@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_model_without_a_loss_is_told_to_have_one(make, is_compiled):
    model = make()
    if is_compiled:
        model.compile("sgd")
    with pytest.raises(ValueError, match="`model` must have a loss: give one to `compile`"):
        audit_model(model, X)


def test_a_posterior_with_a_full_covariance_cannot_be_read():
    model = tf_keras_models.layers_of_tfp(full_covariance=True)
    with pytest.raises(
        ValueError, match=r"posterior of independent normals.* got posterior, .*correlated entries"
    ):
        audit_model(model, X, **OF_TFP)


def test_what_is_no_symbolic_tensor_is_refused():
    inputs = keras.Input((D,))
    with pytest.raises(TypeError, match="`x` must be a symbolic tensor"):
        audit_tensors(inputs, x=X, decoder_output=inputs, encoder_outputs=inputs)


class Stored(keras.Model):
    """An encoder that returns a draw, and keeps its KL divergence for the step."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Drawing(), keras.layers.Dense(D, activation="sigmoid")

    def train_step(self, x):
        error = tf.reduce_sum((x - self.decoder(self.encoder(x))) ** 2)
        return {"loss": error + self.encoder.kl}


class Drawing(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.second = keras.layers.Dense(K), keras.layers.Dense(K)

    def call(self, x):
        mean, s = self.first(x), self.second(x)
        self.kl = tf.reduce_sum(0.5 * (tf.exp(2 * s) + mean**2) - s - 0.5)
        return mean + tf.exp(s) * tf.random.normal(tf.shape(mean), dtype=mean.dtype)


def test_layers_inside_a_part_are_named_by_their_path():
    path = {"latents": ("encoder.first", "encoder.second"), "likelihood": "normal"}
    report = audit_model(Stored(), X, **path)
    assert report.codes == {"fixed-scale", "overall-factor"}, report
    with pytest.raises(
        ValueError, match=r"`latents` must name a part .* has 'encoder', .*'encoder.third'"
    ):
        audit_model(Stored(), X, latents=("encoder.first", "encoder.third"))
