"""The report of `tfp-vae evaluate`: one page that is explored, and a card of the model."""
