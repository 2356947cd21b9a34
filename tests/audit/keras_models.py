"""Whole models of Keras 3, as people write them."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

D, K = 12, 3


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(shape=ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


def functional_coders(activation="sigmoid"):
    inputs = keras.Input((D,))
    h = layers.Dense(8, activation="relu")(inputs)
    z_mean = layers.Dense(K, name="z_mean")(h)
    z_log_var = layers.Dense(K, name="z_log_var")(h)
    z = Sampling()([z_mean, z_log_var])
    encoder = keras.Model(inputs, [z_mean, z_log_var, z], name="encoder")
    latent_inputs = keras.Input((K,))
    h = layers.Dense(8, activation="relu")(latent_inputs)
    decoder = keras.Model(latent_inputs, layers.Dense(D, activation=activation)(h), name="decoder")
    return encoder, decoder


class ExampleVAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.total_loss_tracker = keras.metrics.Mean(name="total_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker]

    def terms(self, data, reconstruction, z_mean, z_log_var):
        likelihood = ops.mean(D * keras.losses.binary_crossentropy(data, reconstruction))
        kl_loss = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        return likelihood + ops.mean(ops.sum(kl_loss, axis=1))

    def train_step(self, data):
        with tf.GradientTape() as tape:
            z_mean, z_log_var, z = self.encoder(data)
            total_loss = self.terms(data, self.decoder(z), z_mean, z_log_var)
        grads = tape.gradient(total_loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights, strict=True))
        self.total_loss_tracker.update_state(total_loss)
        return {"loss": self.total_loss_tracker.result()}


class MeanOverLatents(ExampleVAE):
    def terms(self, data, reconstruction, z_mean, z_log_var):
        likelihood = ops.mean(D * keras.losses.binary_crossentropy(data, reconstruction))
        return likelihood - 0.5 * ops.mean(1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))


def example():
    vae = ExampleVAE(*functional_coders())
    vae.compile(optimizer=keras.optimizers.Adam())
    return vae


def example_with_tanh():
    return ExampleVAE(*functional_coders("tanh"))


def mean_over_latents():
    return MeanOverLatents(*functional_coders())


class ConvolutionalVAE(keras.Model):
    """As in the TensorFlow tutorial: one array for both outputs, and a sampled KL."""

    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(2 * K)])
        self.decoder = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(D)])

    def encode(self, x):
        mean, logvar = tf.split(self.encoder(x), num_or_size_splits=2, axis=1)
        return mean, logvar

    def reparameterize(self, mean, logvar):
        eps = tf.random.normal(shape=tf.shape(mean))
        return eps * tf.exp(logvar * 0.5) + mean

    def decode(self, z, apply_sigmoid=False):
        logits = self.decoder(z)
        return tf.sigmoid(logits) if apply_sigmoid else logits


def log_normal_pdf(sample, mean, logvar, raxis=1):
    log2pi = tf.math.log(2.0 * np.pi)
    return tf.reduce_sum(
        -0.5 * ((sample - mean) ** 2.0 * tf.exp(-logvar) + logvar + log2pi), axis=raxis
    )


def compute_loss(model, x):
    mean, logvar = model.encode(x)
    z = model.reparameterize(mean, logvar)
    x_logit = model.decode(z)
    cross_ent = tf.nn.sigmoid_cross_entropy_with_logits(logits=x_logit, labels=x)
    logpx_z = -tf.reduce_sum(cross_ent, axis=1)
    logpz = log_normal_pdf(z, 0.0, 0.0)
    logqz_x = log_normal_pdf(z, mean, logvar)
    return -tf.reduce_mean(logpx_z + logpz - logqz_x)


class KLDivergenceLayer(layers.Layer):
    def call(self, inputs):
        mu, log_var = inputs
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mu) - ops.exp(log_var), axis=-1)
        self.add_loss(ops.mean(kl))
        return inputs


def nll(y_true, y_pred):
    return D * keras.losses.binary_crossentropy(y_true, y_pred)


def layer_beside_compile(loss=nll):
    inputs = keras.Input((D,))
    h = layers.Dense(8, activation="relu")(inputs)
    mu, log_var = KLDivergenceLayer()(
        [layers.Dense(K, name="mu")(h), layers.Dense(K, name="log_var")(h)]
    )
    z = Sampling()([mu, log_var])
    outputs = layers.Dense(D, activation="sigmoid")(layers.Dense(8, activation="relu")(z))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss=loss)
    return model


def layer_beside_mean():
    return layer_beside_compile("binary_crossentropy")


class SubclassedVAE(keras.Model):
    """Draws with e^s where the KL says e^(s/2), and its mse is a mean."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(8, activation="relu")
        self.mu_layer = layers.Dense(K)
        self.logvar_layer = layers.Dense(K)
        self.decoder = keras.Sequential([layers.Dense(8), layers.Dense(D)])

    def call(self, x):
        h = self.hidden(x)
        mu, logvar = self.mu_layer(h), self.logvar_layer(h)
        z = mu + ops.exp(logvar) * keras.random.normal(ops.shape(mu))
        kl = -0.5 * ops.sum(1 + logvar - mu**2 - ops.exp(logvar), axis=-1)
        self.add_loss(ops.mean(kl))
        return self.decoder(z)


def subclassed():
    model = SubclassedVAE()
    model.compile(optimizer="adam", loss="mse")
    return model


class PostVAE:
    """A plain class around a functional model, whose loss closes over symbolic tensors."""

    def __init__(self):
        inputs = keras.Input((D,))
        h = layers.Dense(8, activation="relu")(inputs)
        self.encoded_mean = layers.Dense(K)(h)
        self.encoded_sigma = layers.Dense(K)(h)
        z = layers.Lambda(self.sampling, output_shape=(K,))([self.encoded_mean, self.encoded_sigma])
        outputs = layers.Dense(D, activation="sigmoid")(z)
        self.vae = keras.Model(inputs, outputs)
        self.vae.compile(optimizer="adam", loss=self.vae_loss)

    def sampling(self, args):
        mean, sigma = args
        return mean + sigma * keras.random.normal(ops.shape(mean))

    def vae_loss(self, input, x_decoded_mean):  # noqa: A002
        xent_loss = ops.mean(keras.losses.binary_crossentropy(input, x_decoded_mean))
        kl_loss = -0.5 * ops.sum(
            ops.square(self.encoded_mean)
            + ops.square(self.encoded_sigma)
            - ops.log(ops.square(self.encoded_sigma))
            - 1,
            axis=-1,
        )
        return xent_loss + kl_loss


class SigmaVAE(keras.Model):
    """A scale with a floor, drawn with and in the KL, and a β of 4."""

    def __init__(self, beta=4.0):
        super().__init__()
        self.beta = beta
        self.encoder = layers.Dense(2 * K)
        self.decoder = layers.Dense(D)

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, raw = tf.split(self.encoder(x), 2, axis=-1)
            scale = tf.nn.softplus(raw) + 1e-2
            z = mean + scale * tf.random.normal(tf.shape(mean))
            error = tf.reduce_sum(tf.square(x - self.decoder(z)), axis=-1)
            kl = tf.reduce_sum(
                -tf.math.log(scale) + 0.5 * (tf.square(scale) + tf.square(mean)) - 0.5, axis=-1
            )
            loss = tf.reduce_mean(error + self.beta * kl)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


class FreeBitsVAE(SigmaVAE):
    @tf.function
    def train_step(self, data):
        x, _ = data
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(self.encoder(x), 2, axis=-1)
            z = mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))
            error = 0.5 * tf.reduce_sum(tf.square(x - self.decoder(z)), axis=-1)
            kl = 0.5 * (tf.square(mean) + tf.exp(log_var) - log_var - 1.0)
            loss = tf.reduce_mean(error + tf.reduce_sum(tf.maximum(kl, 0.1), axis=-1))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
        return {"loss": loss}


class SamplingWithKL(layers.Layer):
    def call(self, inputs):
        mu, logvar = inputs
        kl = -0.5 * ops.sum(1 + logvar - ops.square(mu) - ops.exp(logvar), axis=-1)
        self.add_loss(4.0 * ops.mean(kl))
        return mu + ops.exp(0.5 * logvar) * keras.random.normal(ops.shape(mu))


class ReconstructionOnly(keras.Model):
    """No layer is called decoder: what the model returns is the reconstruction."""

    def __init__(self):
        super().__init__()
        self.h, self.mu, self.logvar = layers.Dense(8), layers.Dense(K), layers.Dense(K)
        self.sampling = SamplingWithKL()
        self.back, self.pixels = layers.Dense(8), layers.Dense(D, activation="sigmoid")

    def call(self, x):
        h = self.h(x)
        return self.pixels(self.back(self.sampling([self.mu(h), self.logvar(h)])))


def reconstruction_only():
    model = ReconstructionOnly()
    model.compile(optimizer="adam", loss=nll)
    return model


def layers_without_names():
    """The KL reads the second output as a log-variance, the draw as the log of a scale."""
    x = keras.Input((D,))
    h = layers.Dense(8, activation="relu")(x)
    mu, log_var = KLDivergenceLayer()([layers.Dense(K)(h), layers.Dense(K)(h)])
    scale = layers.Lambda(ops.exp)(log_var)
    z = layers.Lambda(lambda a: a[0] + a[1] * keras.random.normal(ops.shape(a[0])))([mu, scale])
    model = keras.Model(x, layers.Dense(D, activation="sigmoid")(z))
    model.compile(optimizer="rmsprop", loss=nll)
    return model


class LossLayer(layers.Layer):
    def call(self, inputs):
        x, mu, log_var, recon = inputs
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mu) - ops.exp(log_var), axis=-1)
        self.add_loss(ops.mean(ops.sum(ops.binary_crossentropy(x, recon), axis=-1) + kl))
        return recon


def loss_in_the_last_layer():
    x = keras.Input((D,))
    h = layers.Dense(8, activation="relu")(x)
    mu, log_var = layers.Dense(K)(h), layers.Dense(K)(h)
    recon = layers.Dense(D, activation="sigmoid")(Sampling()([mu, log_var]))
    model = keras.Model(x, LossLayer()([x, mu, log_var, recon]))
    model.compile(optimizer="adam")
    return model


class ConditionalVAE(keras.Model):
    """Its data are (x, label), and a label joins x and z."""

    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(2 * K)
        self.decoder = layers.Dense(D)

    def train_step(self, data):
        x, label = data
        c = tf.one_hot(label, 4)
        with tf.GradientTape() as tape:
            mean, log_var = tf.split(self.encoder(tf.concat([x, c], 1)), 2, axis=1)
            z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
            logits = self.decoder(tf.concat([z, c], 1))
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
            kl = -0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), axis=1)
            loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=1) + kl)
        tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}


class ModuleOfTensorFlow(tf.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec = layers.Dense(2 * K), layers.Dense(D)

    def encode(self, x):
        return tf.split(self.enc(x), 2, axis=1)

    @tf.function
    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_std = self.encode(x)
            logits = self.dec(mean + tf.exp(log_std) * tf.random.normal(tf.shape(mean)))
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
            kl = tf.reduce_sum(0.5 * (mean**2 + tf.exp(2 * log_std) - 1) - log_std, axis=1)
            loss = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=1) - kl)
        tape.gradient(loss, self.trainable_variables)
        return loss


def without_a_loss():
    inputs = keras.Input((D,))
    return keras.Model(inputs, layers.Dense(D)(layers.Dense(K)(inputs)))


class OwnComputeLoss(keras.Model):
    """`call` has no draw, and the loss calls the layers again, with one."""

    def __init__(self):
        super().__init__()
        self.e, self.a = layers.Dense(8), layers.Dense(K)
        self.b, self.g = layers.Dense(K), layers.Dense(D)
        for layer, size in ((self.e, D), (self.a, 8), (self.b, 8), (self.g, K)):
            layer.build((None, size))

    def call(self, x):
        return self.g(self.a(self.e(x)))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        h = self.e(x)
        mean, s = self.a(h), self.b(h)
        z = mean + ops.exp(s) * keras.random.normal(ops.shape(mean))
        error = ops.sum((x - self.g(z)) ** 2, axis=-1)
        return ops.mean(error + ops.sum(0.5 * (mean**2 + ops.exp(2 * s)) - s - 0.5, axis=-1))


def own_compute_loss():
    model = OwnComputeLoss()
    model.compile("adam")
    return model


def of_several_outputs():
    """One output is the reconstruction, the other the posterior; each has a loss of its own."""
    inputs = keras.Input((D,))
    h = layers.Dense(8, activation="relu")(inputs)
    mean, scale = layers.Dense(K)(h), layers.Dense(K, activation="softplus")(h)
    z = layers.Lambda(lambda a: a[0] + a[1] * keras.random.normal(ops.shape(a[0])))([mean, scale])
    recon = layers.Dense(D, activation="sigmoid", name="pixels")(z)
    posterior = layers.Concatenate(name="posterior")([mean, scale])

    def divergence(y_true, y_pred):
        mean, scale = ops.split(y_pred, 2, axis=-1)
        return 0.5 * ops.mean(mean**2 + scale**2 - ops.log(scale**2) - 1, axis=-1)

    model = keras.Model(inputs, [recon, posterior])
    model.compile(optimizer="adam", loss=[nll, divergence])
    return model
