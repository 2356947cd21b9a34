"""Data frames: what their columns hold, the way to arrays and back, and models of tables."""

try:
    from tfp_vae.tables.column import Column, Kind
    from tfp_vae.tables.files import TableFile, read, write
    from tfp_vae.tables.imputation import ImputedFrame, impute
    from tfp_vae.tables.models import rows_of
    from tfp_vae.tables.sampling import sample
    from tfp_vae.tables.schema import Schema
    from tfp_vae.tables.scoring import explain, percentiles, score, score_quantiles
    from tfp_vae.tables.training_rows import with_random_blanks
except ModuleNotFoundError as error:
    if error.name != "pandas":
        raise
    raise ModuleNotFoundError(
        'Data frames need pandas: pip install "tfp-vae[tables]".', name="pandas"
    ) from error

__all__ = [
    "Column",
    "ImputedFrame",
    "Kind",
    "Schema",
    "TableFile",
    "explain",
    "impute",
    "percentiles",
    "read",
    "rows_of",
    "sample",
    "score",
    "score_quantiles",
    "write",
    "with_random_blanks",
]
