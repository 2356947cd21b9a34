"""What a loss is declared to be."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.probes.loss_probe import LossProbe, probe_loss
from tfp_vae.audit.terms.declared_changes import Declaration


@dataclass(frozen=True)
class LossDeclaration:
    """What a loss is declared to be.

    Attributes:
        likelihood: The likelihood.
        decoder_output: What the decoder returns.
        event_shape: The shape of one example.
        latent_shape: The shape of one example's latents.
        changes: What it is declared to change in the negative ELBO.
        returns: Which entry of its result is the loss, None to find it.
        decoder_range: Where the real decoder's output stays, None if nothing is known.
        batch_sizes: Batch sizes to try before others.
    """

    likelihood: str
    decoder_output: str
    event_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    changes: Declaration
    returns: str | int | None = None
    decoder_range: tuple[float, float] | None = None
    batch_sizes: tuple[int, ...] = ()

    def design(self, encoder_output_count: int, batch_size: int) -> Design:
        """The design of points with so many encoder outputs and rows."""
        several = self.latent_shape if len(self.latent_shape) > 1 else ()
        return Design(
            self.likelihood,
            self.decoder_output,
            self.event_shape,
            math.prod(self.latent_shape),
            encoder_output_count,
            batch_size,
            latent_shape=several,
            decoder_range=self.decoder_range,
        )

    def probe(
        self, loss: Callable[..., Any], binding: Binding, encoder_output_count: int | None = None
    ) -> LossProbe:
        """Probes a loss that is declared so.

        Args:
            loss: The loss.
            binding: Which argument of it is what.
            encoder_output_count: How many encoder outputs there are, None for as many as arguments.
        """
        count = binding.encoder_output_count
        count = count if encoder_output_count is None else encoder_output_count
        written = self.changes.batch_size
        sizes = (*self.batch_sizes, *(() if written is None else (written,)))
        return probe_loss(loss, partial(self.design, count), binding, self.returns, sizes)
