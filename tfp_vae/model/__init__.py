"""The variational autoencoder, its encoder and its decoder."""

from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.model.coders import Decoder, Encoder, Transition
from tfp_vae.model.forecasting import Forecast
from tfp_vae.model.frames import take_schema_class
from tfp_vae.model.hierarchical import HierarchicalVAE
from tfp_vae.model.inference import PosteriorSamples, latents_are_unbounded
from tfp_vae.model.loading import load
from tfp_vae.model.multimodal import MultimodalVAE
from tfp_vae.model.recurrent import RecurrentSteps, VariationalRNN
from tfp_vae.model.sampling import ancestral_sample
from tfp_vae.model.state_space import StateSpaceVAE
from tfp_vae.model.vae import VAE

__all__ = [
    "BatchDistributions",
    "Forecast",
    "HierarchicalVAE",
    "MultimodalVAE",
    "PosteriorSamples",
    "RecurrentSteps",
    "StateSpaceVAE",
    "VAE",
    "VariationalRNN",
    "Decoder",
    "Encoder",
    "Transition",
    "ancestral_sample",
    "latents_are_unbounded",
    "load",
    "take_schema_class",
]
