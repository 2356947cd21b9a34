"""The properties of the evidence lower bound, which `check_elbo` tests.

Each is a function of a `Subject`, a model with rows that it can score. It raises an
`AssertionError` if the model does not have the property, and `NotApplicable` if the model need not
have it. A test can call a single one.

Example:
  >>> from tfp_vae.testing import properties
  >>> subject = properties.Subject(vae, x[:4])
  >>> properties.terms_are_finite(subject)
  >>> properties.rows_do_not_depend_on_one_another(subject)
"""

from tfp_vae.testing.properties.batches import (
    evaluate_is_the_mean_over_examples,
    order_and_size_of_the_batch_change_nothing,
    rows_do_not_depend_on_one_another,
    samples_and_rows_are_not_exchanged,
)
from tfp_vae.testing.properties.copies import (
    a_copy_by_config_and_weights_has_the_same_elbo,
    float32_tracks_float64,
    saving_and_loading_keeps_the_elbo,
)
from tfp_vae.testing.properties.draws import (
    graph_and_xla_agree_with_eager,
    the_same_seed_gives_the_same_draw,
)
from tfp_vae.testing.properties.expectations import (
    elbo_is_at_most_log_marginal_likelihood,
    elbo_is_the_mean_over_draws_of_the_posterior,
    importance_weighted_bounds_are_ordered,
)
from tfp_vae.testing.properties.gradients import (
    every_weight_has_a_finite_gradient,
    gradient_estimators_agree,
)
from tfp_vae.testing.properties.kl_divergence import (
    exact_and_sampled_kl_divergence_agree,
    kl_divergence_is_not_negative,
    kl_divergence_is_the_sum_over_independent_latents,
    kl_divergence_of_equal_distributions_is_zero,
)
from tfp_vae.testing.properties.kl_weight import (
    free_bits_lower_the_objective_alone,
    objective_is_affine_in_the_kl_weight,
)
from tfp_vae.testing.properties.refusals import (
    data_outside_the_support_is_refused,
    wrong_shapes_are_refused,
)
from tfp_vae.testing.properties.subject import NotApplicable, Subject
from tfp_vae.testing.properties.terms import (
    elbo_is_log_likelihood_less_kl_divergence,
    terms_are_finite,
    terms_have_shape_batch,
)

PROPERTIES = (
    terms_have_shape_batch,
    terms_are_finite,
    elbo_is_log_likelihood_less_kl_divergence,
    kl_divergence_is_not_negative,
    kl_divergence_of_equal_distributions_is_zero,
    kl_divergence_is_the_sum_over_independent_latents,
    exact_and_sampled_kl_divergence_agree,
    elbo_is_the_mean_over_draws_of_the_posterior,
    elbo_is_at_most_log_marginal_likelihood,
    importance_weighted_bounds_are_ordered,
    rows_do_not_depend_on_one_another,
    order_and_size_of_the_batch_change_nothing,
    samples_and_rows_are_not_exchanged,
    evaluate_is_the_mean_over_examples,
    objective_is_affine_in_the_kl_weight,
    free_bits_lower_the_objective_alone,
    the_same_seed_gives_the_same_draw,
    graph_and_xla_agree_with_eager,
    every_weight_has_a_finite_gradient,
    gradient_estimators_agree,
    a_copy_by_config_and_weights_has_the_same_elbo,
    saving_and_loading_keeps_the_elbo,
    float32_tracks_float64,
    wrong_shapes_are_refused,
    data_outside_the_support_is_refused,
)
"""All properties, in the order in which `check_elbo` tests them.

:meta hide-value:
"""

__all__ = [
    "PROPERTIES",
    "NotApplicable",
    "Subject",
    "a_copy_by_config_and_weights_has_the_same_elbo",
    "data_outside_the_support_is_refused",
    "elbo_is_at_most_log_marginal_likelihood",
    "elbo_is_log_likelihood_less_kl_divergence",
    "elbo_is_the_mean_over_draws_of_the_posterior",
    "evaluate_is_the_mean_over_examples",
    "every_weight_has_a_finite_gradient",
    "exact_and_sampled_kl_divergence_agree",
    "float32_tracks_float64",
    "free_bits_lower_the_objective_alone",
    "gradient_estimators_agree",
    "graph_and_xla_agree_with_eager",
    "importance_weighted_bounds_are_ordered",
    "kl_divergence_is_not_negative",
    "kl_divergence_is_the_sum_over_independent_latents",
    "kl_divergence_of_equal_distributions_is_zero",
    "objective_is_affine_in_the_kl_weight",
    "order_and_size_of_the_batch_change_nothing",
    "rows_do_not_depend_on_one_another",
    "samples_and_rows_are_not_exchanged",
    "saving_and_loading_keeps_the_elbo",
    "terms_are_finite",
    "terms_have_shape_batch",
    "the_same_seed_gives_the_same_draw",
    "wrong_shapes_are_refused",
]
