"""TensorFlow Probability's distributions with draws that do not depend on how TensorFlow runs."""

from tfp_vae.distributions.categorical import Categorical
from tfp_vae.distributions.laplace import Laplace
from tfp_vae.distributions.latent_chain import LatentChain
from tfp_vae.distributions.multivariate_normal_diag import MultivariateNormalDiag
from tfp_vae.distributions.student_t import StudentT

__all__ = ["Categorical", "Laplace", "LatentChain", "MultivariateNormalDiag", "StudentT"]
