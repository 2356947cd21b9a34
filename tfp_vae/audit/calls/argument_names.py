"""The names that people give to the arguments of a VAE loss, by what they mean."""

X, DECODER, MEAN, SECOND, ENCODED, LATENT = (
    "x",
    "decoder_output",
    "mean",
    "s",
    "encoder_outputs",
    "z",
)
DECODER_LOG_VARIANCE = "decoder_log_variance"

_NAMES = {
    X: "x y_true true target targets input inputs data original x_true x_target real image images "
    "img imgs batch_x features x_in x_orig input_x x_input ground_truth gt label labels obs "
    "observation observations xs input_data original_x x_data orig real_x true_x adj adj_label "
    "adj_orig input_img input_image input_images raw sample_x batch x_batch truth y_actual actual "
    "expected xb seq",
    DECODER: "decoder_output recon_x x_recon reconstruction reconstructions recon recons "
    "reconstructed reconstructed_x x_hat xhat y_pred pred preds predicted prediction predictions "
    "output outputs decoded x_decoded x_decoded_mean decoded_mean x_logit logits logit x_logits "
    "x_prime x_rec rec rec_x x_reconst x_pred x_out out generated dec d p probs prob x_tilde x_bar "
    "xr x_reconstructed x_reconstr_mean reconstruction_x recon_batch recon_img recon_imgs "
    "recon_image recon_images x_probs y_hat yhat recon_logits x_hat_logits decoder_out "
    "decoder_mean x_reconstruction reconst reconst_x x_mean x_mu x_recons recon_data recon_output "
    "reconstructed_img reconstructed_image rx decoder_logits dec_out x_generated fake output_img "
    "px_logits p_x x_loc px_loc reconstr reconstr_x vae_output",
    MEAN: "mean mu m z_mean loc zmean z_mu mu_z encoded_mean means latent_mean q_mu mu_q mean_z "
    "posterior_mean q_mean z_loc qz_mean encoder_mean mus mean_vector z_m qmu qm encoder_mu "
    "latent_mu enc_mean enc_mu q_loc qz_loc qz_m mu_encoder z_means",
    SECOND: "s logvar log_var z_log_var logv sigma std scale log_sigma logsigma log_std logstd "
    "z_log_sigma z_logvar log_variance var variance sigma2 log_sigma_sq z_log_sigma_sq z_sigma "
    "z_std stddev log_scale lv z_scale z_var rho encoded_sigma log_sigma2 sigma_sq lnvar z_log_std "
    "logvars log_stddev log_sigma_squared z_log_sigma2 z_log_variance z_variance latent_logvar "
    "latent_log_var q_logvar q_log_var logvar_q std_dev log_vars q_sigma q_std sigmas "
    "encoded_log_var encoded_logvar enc_logvar enc_log_var log_s sd z_sd encoder_logvar "
    "encoder_log_var stdev log_sd posterior_logvar posterior_log_var z_logsigma log_z_var "
    "log_sigmas ln_var qz_logvar q_scale z_logstd encoder_scale posterior_scale latent_scale "
    "z_lv z_logv logvar_z log_var_z logsigma2 log_sig sig z_sig raw_scale encoded_std "
    "encoded_variance encoded_log_variance latent_log_variance latent_sigma latent_std",
    ENCODED: "encoder_outputs encoder_output encoded z_params latent_params params moments enc "
    "stats dist_params encoding encoded_params mean_logvar mu_logvar z_mean_log_var "
    "posterior_params distribution_params mean_and_log_var statistics q_params z_args",
    LATENT: "z latent latents sample z_sample code sampled_z latent_sample z_sampled",
    DECODER_LOG_VARIANCE: "recon_logvar x_logvar x_log_var recon_log_var decoder_logvar "
    "decoder_log_var x_log_variance decoder_log_variance recon_x_logvar x_lv dec_logvar "
    "dec_log_var reconstruction_log_var log_var_x logvar_x",
}
ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}

KL_WEIGHT_NAMES = frozenset(
    [
        "beta",
        "kl_weight",
        "kld_weight",
        "kl_beta",
        "beta_kl",
        "kl_coef",
        "kl_coeff",
        "kl_scale",
        "kl_factor",
        "beta_norm",
        "kl_loss_weight",
        "expected_kl_weight",
        "weight_kl",
        "lambda_kl",
        "kl_lambda",
    ]
)
BATCH_SIZE_NAMES = frozenset(["batch_size", "bs", "batchsize", "batch_sz"])
KEY_NAMES = frozenset(
    ["key", "rng", "rng_key", "prng_key", "seed", "prng", "random_key", "subkey", "rngs"]
)


# The words that longer names are made of.
_WORDS = {
    "centre": "mu mean loc means mus",
    "spread": "logvar logv lv lnvar logsigma logstd logscale sigma std stddev sd var variance "
    "scale log_var log_variance log_sigma log_std log_stddev log_scale log_sd",
    "latent": "z q qz enc encoder encoded encoding latent latents posterior code codes codings",
    "rebuilt": "recon recons reconst reconstr reconstruction reconstructions reconstructed rec "
    "decoded dec decoder pred preds prediction predictions predicted out output outputs generated "
    "hat tilde",
    "given": "target targets true original orig input inputs real gt truth",
    "data": "x data image images img imgs batch sample samples features pixels frame frames "
    "sequence sequences",
}
_CENTRES, _SPREADS, _OF_LATENT, _REBUILT, _GIVEN, _DATA = (
    frozenset(words.split()) for words in _WORDS.values()
)


def role_of(name: str) -> str | None:
    """What an argument of this name usually is, None if the name tells nothing."""
    plain = name.strip("_")
    spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in plain).strip("_")
    for candidate in (plain.lower(), spelled.replace("__", "_")):
        if candidate in ROLES:
            return ROLES[candidate]
        for prefix in ("self_", "the_", "in_", "batch_"):
            if candidate.removeprefix(prefix) in ROLES:
                return ROLES[candidate.removeprefix(prefix)]
    return _role_of_words([word.rstrip("0123456789") for word in plain.lower().split("_")])


def _role_of_words(words: list[str]) -> str | None:
    """What a name of several words is, such as `logstd_z`, `recon_sigma` and `target_image`."""
    if "log" in words[:-1]:
        place = words.index("log")
        words = [*words[:place], "_".join(words[place : place + 2]), *words[place + 2 :]]
    said = {word for word in words if word}
    centres, spreads = said & _CENTRES, said & _SPREADS
    others = said - centres - spreads
    if not others or (centres and spreads):
        return None
    if centres or spreads:
        if others <= _OF_LATENT:
            return MEAN if centres else SECOND
        if others <= _REBUILT | {"x"}:
            return DECODER if centres else DECODER_LOG_VARIANCE
        return None
    if others & _REBUILT and others <= _REBUILT | _DATA:
        return DECODER
    return X if others & _GIVEN and others <= _GIVEN | _DATA else None
