"""The random inputs that a loss is called on, well inside every domain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Array = np.ndarray

POINTS = 12
PROBABILITY_MARGIN = 0.03


@dataclass(frozen=True)
class Point:
    """One set of inputs of a loss.

    Attributes:
        x: Data, `[B, *event_shape]`.
        decoder_output: What the decoder gave for them, `[B, *event_shape]`.
        encoder_outputs: None, one or two arrays `[B, K]`.
        latent_shape: The latents' own axes, if there are several.
    """

    x: Array
    decoder_output: Array
    encoder_outputs: tuple[Array, ...]
    latent_shape: tuple[int, ...] = ()

    @property
    def batch_size(self) -> int:
        """How many examples the point holds."""
        return int(self.x.shape[0])

    def arrays(self) -> tuple[Array, ...]:
        """The loss's positional arguments."""
        return (self.x, self.decoder_output, *self.encoder_outputs)

    def with_event(self, other: "Point") -> "Point":
        """This point's encoder outputs with the other's data and decoder output."""
        return replace(self, x=other.x, decoder_output=other.decoder_output)

    def doubled_batch(self) -> "Point":
        """Every example twice."""
        return replace(
            self,
            x=np.concatenate([self.x, self.x]),
            decoder_output=np.concatenate([self.decoder_output, self.decoder_output]),
            encoder_outputs=tuple(np.concatenate([e, e]) for e in self.encoder_outputs),
        )

    def doubled_latents(self) -> "Point":
        """Every latent twice."""
        return replace(
            self, encoder_outputs=tuple(np.concatenate([e, e], -1) for e in self.encoder_outputs)
        )

    def doubled_latent_axis(self, axis: int) -> "Point":
        """Every latent along one of several axes twice; the axes stay in their order."""

        def doubled(output: Array) -> Array:
            whole = output.reshape(output.shape[0], *self.latent_shape)
            return np.concatenate([whole, whole], axis + 1).reshape(output.shape[0], -1)

        shape = tuple(n * 2 if i == axis else n for i, n in enumerate(self.latent_shape))
        return replace(
            self, encoder_outputs=tuple(map(doubled, self.encoder_outputs)), latent_shape=shape
        )

    def doubled_event_axis(self, axis: int) -> "Point":
        """Every entry along one axis of the event twice."""
        return replace(
            self,
            x=np.concatenate([self.x, self.x], axis + 1),
            decoder_output=np.concatenate([self.decoder_output, self.decoder_output], axis + 1),
        )


def stacked_encoder_outputs(points: Sequence[Point]) -> tuple[Array, ...]:
    """The encoder outputs of points, as arrays `[points, B, K]`."""
    return tuple(
        np.stack([p.encoder_outputs[i] for p in points])
        for i in range(len(points[0].encoder_outputs))
    )


def _sigmoid(logits: Array) -> Array:
    probabilities: Array = 1.0 / (1.0 + np.exp(-logits))
    return probabilities


@dataclass(frozen=True)
class Design:
    """Draws points for one declaration of likelihood, decoder output and sizes.

    Attributes:
        likelihood: `"bernoulli"`, `"normal"` or `"continuous_bernoulli"`.
        decoder_output: `"probs"`, `"logits"` or `"mean"`.
        event_shape: The shape of one example.
        latent_size: The number of latents, K.
        encoder_output_count: 0, 1 or 2.
        batch_size: The number of examples in a point, B.
        in_unit_interval: Whether data and decoder output stay in (0, 1) even if they are declared
            to be unbounded, so that a loss that takes them for probabilities can be read.
        latent_shape: The latents' own axes, if there are several.
        decoder_range: Where the real decoder's output stays, None if nothing is known.
    """

    likelihood: str
    decoder_output: str
    event_shape: tuple[int, ...]
    latent_size: int
    encoder_output_count: int
    batch_size: int
    in_unit_interval: bool = False
    latent_shape: tuple[int, ...] = ()
    decoder_range: tuple[float, float] | None = None

    @property
    def kind(self) -> str:
        """What the decoder's output is drawn as: `"probs"`, `"logits"` or `"mean"`."""
        if self.in_unit_interval:
            return "probs"
        return (
            "mean" if self.likelihood == "normal" else self.decoder_output.replace("mean", "probs")
        )

    def data(self, rng: np.random.Generator) -> Array:
        """Draws x `[B, *event_shape]` from the support."""
        shape = (self.batch_size, *self.event_shape)
        if self.likelihood == "bernoulli":
            # Both values occur, also in an event of one pixel.
            flat = rng.random(shape).reshape(-1) < rng.uniform(0.3, 0.7)
            flat[0], flat[-1] = True, False
            return flat.reshape(shape).astype(np.float64)
        if self.kind == "mean":
            return rng.normal(0.0, 1.5, shape)
        return rng.uniform(0.05, 0.95, shape)

    def likelihood_points(self) -> list[Point]:
        """Points whose data and decoder outputs vary, from a good fit to a bad one."""
        rng = np.random.default_rng(11)
        encoder = self.resting_encoder_outputs()
        points = []
        for fit, spread in zip(
            np.linspace(-2.0, 2.0, POINTS),
            rng.permutation(np.linspace(0.3, 1.2, POINTS)),
            strict=True,
        ):
            x = self.data(rng)
            noise = rng.normal(size=x.shape)
            if self.kind == "mean":
                d = x + (fit + 2.2) * (0.3 + spread * noise)
            else:
                logits = fit * (2.0 * x - 1.0) + spread * noise
                in_unit = np.clip(_sigmoid(logits), PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN)
                d = logits if self.kind == "logits" else in_unit
            points.append(Point(x, d, encoder, self.latent_shape))
        return points

    def resting_event(self) -> Point:
        """A point whose decoder output is close to the data, so that the likelihood is small."""
        rng = np.random.default_rng(12)
        x = self.data(rng)
        if self.kind == "mean":
            d = x + 0.1 * rng.normal(size=x.shape)
        elif self.kind == "logits":
            d = 4.0 * (2.0 * x - 1.0)
        else:
            d = np.clip(x, 0.02, 0.98)
        return Point(x, d, self.resting_encoder_outputs(), self.latent_shape)

    def resting_encoder_outputs(self) -> tuple[Array, ...]:
        """Encoder outputs at which a KL divergence is small under every reading."""
        shape = (self.batch_size, self.latent_size)
        return (np.full(shape, 0.1), np.full(shape, 0.5))[: self.encoder_output_count]

    def encoder_points(self, *, positive: bool) -> list[Point]:
        """Points whose encoder outputs vary.

        Args:
            positive: Whether the second encoder output stays above 0, as a scale must.
        """
        rng = np.random.default_rng(13 if positive else 14)
        shape = (self.batch_size, self.latent_size)
        rest = self.resting_event()
        count = 2 * POINTS
        low, high = (0.3, 2.2) if positive else (-2.0, 2.0)
        points = []
        for size, level in zip(
            np.linspace(0.2, 2.5, count),
            rng.permutation(np.linspace(low, high, count)),
            strict=True,
        ):
            loc = size * rng.normal(size=shape)
            noise = rng.normal(size=shape)
            second = level * np.exp(0.3 * noise) if positive else level + 0.5 * noise
            points.append(replace(rest, encoder_outputs=(loc, second)[: self.encoder_output_count]))
        # The prior itself, nearly, under each reading: there a floor under the KL shows.
        for scale in (1.0,) if positive else (0.0, 0.5413):
            loc = 0.02 * rng.normal(size=shape)
            second = scale + 0.02 * rng.normal(size=shape)
            points.append(replace(rest, encoder_outputs=(loc, second)[: self.encoder_output_count]))
        return points
