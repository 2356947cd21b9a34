"""Whole models of tf_keras, as people write them."""

import tensorflow as tf
import tensorflow_probability as tfp
import tf_keras
from tf_keras import backend, layers

tfd = tfp.distributions

D, K = 12, 3


def coders():
    inputs = tf_keras.Input((D,))
    h = layers.Dense(8, activation="relu")(inputs)
    return inputs, layers.Dense(K, name="z_mean")(h), layers.Dense(K, name="z_log_var")(h)


def sampling(args):
    z_mean, z_log_var = args
    epsilon = backend.random_normal(shape=(backend.shape(z_mean)[0], K))
    return z_mean + backend.exp(0.5 * z_log_var) * epsilon


def kl_of(z_mean, z_log_var):
    return -0.5 * backend.sum(
        1 + z_log_var - backend.square(z_mean) - backend.exp(z_log_var), axis=-1
    )


def symbolic_add_loss(scale=float(D)):
    inputs, z_mean, z_log_var = coders()
    z = layers.Lambda(sampling, output_shape=(K,), name="z")([z_mean, z_log_var])
    outputs = layers.Dense(D, activation="sigmoid")(layers.Dense(8, activation="relu")(z))
    vae = tf_keras.Model(inputs, outputs)
    reconstruction = tf_keras.losses.binary_crossentropy(inputs, outputs) * scale
    vae.add_loss(backend.mean(reconstruction + kl_of(z_mean, z_log_var)))
    vae.compile(optimizer="adam")
    return vae


def mean_cross_entropy():
    return symbolic_add_loss(1.0)


def closure(kl_sign=1.0):
    inputs, z_mean, z_log_var = coders()
    z = layers.Lambda(sampling, output_shape=(K,))([z_mean, z_log_var])
    outputs = layers.Dense(D, activation="sigmoid")(z)

    def vae_loss(x, x_decoded_mean):
        xent_loss = D * tf_keras.losses.binary_crossentropy(x, x_decoded_mean)
        return xent_loss + kl_sign * kl_of(z_mean, z_log_var)

    vae = tf_keras.Model(inputs, outputs)
    vae.compile(optimizer="adam", loss=vae_loss)
    return vae


def closure_with_the_wrong_sign():
    return closure(-1.0)


class LossOfTensors:
    """A loss that is an object, and holds the tensors of its KL."""

    __name__ = "vae_loss"

    def __init__(self, z_mean, z_log_var):
        self.z_mean, self.z_log_var = z_mean, z_log_var

    def __call__(self, x, x_decoded_mean):
        xent_loss = D * tf_keras.losses.binary_crossentropy(x, x_decoded_mean)
        return xent_loss + kl_of(self.z_mean, self.z_log_var) / K


def loss_object():
    inputs, z_mean, z_log_var = coders()
    z = layers.Lambda(sampling, output_shape=(K,))([z_mean, z_log_var])
    vae = tf_keras.Model(inputs, layers.Dense(D, activation="sigmoid")(z))
    vae.compile(optimizer="rmsprop", loss=LossOfTensors(z_mean, z_log_var))
    return vae


def operations_in_the_graph():
    """Without names, with a log-variance that is clipped, and with the noise alone in a layer."""
    inputs = tf_keras.Input((D,))
    h = layers.Dense(8, activation="relu")(inputs)
    z_mean, z_log_var = layers.Dense(K)(h), layers.Dense(K)(h)
    z_log_var = tf.clip_by_value(z_log_var, -10.0, 10.0)
    noise = layers.Lambda(lambda m: tf.random.normal(tf.shape(m)))(z_mean)
    outputs = layers.Dense(D)(z_mean + tf.exp(0.5 * z_log_var) * noise)
    vae = tf_keras.Model(inputs, outputs)
    error = tf_keras.losses.mse(inputs, outputs) * D
    vae.add_loss(tf.reduce_mean(error + kl_of(z_mean, z_log_var)))
    vae.compile(optimizer="adam")
    return vae


class KLLayer(layers.Layer):
    def call(self, inputs):
        mu, log_var = inputs
        self.add_loss(tf.reduce_mean(kl_of(mu, log_var)))
        return inputs


def squared(y_true, y_pred):
    return 0.5 * tf.reduce_sum(tf.square(y_true - y_pred), axis=-1)


def layer_beside_compile(loss=squared):
    inputs, z_mean, z_log_var = coders()
    z_mean, z_log_var = KLLayer()([z_mean, z_log_var])
    z = layers.Lambda(sampling, output_shape=(K,))([z_mean, z_log_var])
    vae = tf_keras.Model(inputs, layers.Dense(D)(z))
    vae.compile(optimizer="adam", loss=loss)
    return vae


def layer_beside_mse():
    return layer_beside_compile("mse")


class Subclass(tf_keras.Model):
    exponent = 1.0

    def __init__(self):
        super().__init__()
        self.inference_net = tf_keras.Sequential([layers.Dense(8), layers.Dense(2 * K)])
        self.generative_net = tf_keras.Sequential([layers.Dense(8), layers.Dense(D)])

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_sigma = tf.split(self.inference_net(x), 2, axis=1)
            eps = tf.random.normal(tf.shape(mean))
            logits = self.generative_net(mean + tf.exp(self.exponent * log_sigma) * eps)
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
            kl = 0.5 * (mean**2 + tf.exp(2 * log_sigma) - 2 * log_sigma - 1)
            loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, 1) + tf.reduce_sum(kl, 1))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


class HalfTheScale(Subclass):
    exponent = 0.5


def layers_of_tfp(*, full_covariance=False):
    """The model of TensorFlow Probability's own tutorial, with latents of independent normals."""
    prior = tfd.Independent(tfd.Normal(tf.zeros(K), 1.0), reinterpreted_batch_ndims=1)
    regularizer = tfp.layers.KLDivergenceRegularizer(prior, use_exact_kl=True)
    inputs = tf_keras.Input((D,))
    posterior = tfp.layers.IndependentNormal
    if full_covariance:
        posterior = tfp.layers.MultivariateNormalTriL
    parameters = layers.Dense(posterior.params_size(K), name="posterior_parameters")(inputs)
    z = posterior(K, activity_regularizer=regularizer, name="posterior")(parameters)
    logits = layers.Dense(D, name="logits")(z)
    model = tf_keras.Model(inputs, tfp.layers.IndependentBernoulli([D])(logits))
    model.compile("adam", loss=lambda x, p_x: -p_x.log_prob(x))
    return model


def without_a_loss():
    inputs = tf_keras.Input((D,))
    return tf_keras.Model(inputs, layers.Dense(D)(layers.Dense(K)(inputs)))


class OtherNames(tf_keras.Model):
    """Nets of two layers with names that nobody knows, and a scale with an offset."""

    def __init__(self):
        super().__init__()
        self.net_a = tf_keras.Sequential([layers.Dense(8), layers.Dense(2 * K)])
        self.net_b = tf_keras.Sequential([layers.Dense(8), layers.Dense(D)])

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, rho = tf.split(self.net_a(x), 2, axis=-1)
            scale = tf.nn.softplus(rho) + 1e-3
            logits = self.net_b(mean + scale * tf.random.normal(tf.shape(mean)))
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
            kl = 0.5 * (mean**2 + scale**2) - tf.math.log(scale) - 0.5
            loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, -1) + tf.reduce_sum(kl, -1))
        tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}


def coders_of_tfp():
    """A functional model of two sequential ones, whose last layers are distributions."""
    prior = tfd.Independent(tfd.Normal(tf.zeros(K), 1.0), reinterpreted_batch_ndims=1)
    regularizer = tfp.layers.KLDivergenceRegularizer(prior, use_exact_kl=True)
    posterior = tfp.layers.IndependentNormal
    encoder = tf_keras.Sequential(
        [
            tf_keras.Input((D,)),
            layers.Dense(8),
            layers.Dense(posterior.params_size(K)),
            posterior(K, activity_regularizer=regularizer),
        ]
    )
    decoder = tf_keras.Sequential(
        [
            tf_keras.Input((K,)),
            layers.Dense(8),
            layers.Dense(D),
            tfp.layers.IndependentBernoulli([D]),
        ]
    )
    model = tf_keras.Model(encoder.inputs, decoder(encoder.outputs[0]))
    model.compile("adam", loss=lambda x, p_x: -p_x.log_prob(x))
    return model


def operations_on_windows():
    """Without names, with operations that are called with one tensor, as the heads are."""
    inputs = tf_keras.Input((6, 2))
    h = layers.Dense(16, activation="relu")(layers.Flatten()(inputs))
    first, second = layers.Dense(K)(h), layers.Dense(K)(h)
    z = layers.Lambda(sampling)([first, second])
    outputs = layers.Reshape((6, 2))(layers.Dense(12)(layers.Dense(16, activation="relu")(z)))
    vae = tf_keras.Model(inputs, outputs)
    flat = [tf.reshape(tensor, [-1, 12]) for tensor in (inputs, outputs)]
    error = tf.reduce_mean(tf.square(flat[0] - flat[1]), axis=1)
    kl = -0.5 * tf.reduce_sum(1 + second - tf.square(first) - tf.exp(second), axis=1)
    vae.add_loss(tf.reduce_mean(error + kl))
    vae.compile(optimizer="adam")
    return vae


class HolderOfModels:
    """Keeps its encoder, its decoder and the model of both, of which one has a loss."""

    def __init__(self):
        self.vae = symbolic_add_loss()
        self.encoder = tf_keras.Model(self.vae.inputs, self.vae.layers[1].output)
        self.decoder = without_a_loss()
