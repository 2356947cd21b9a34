"""`python -m tfp_vae_cli`, which is `tfp-vae`."""

from tfp_vae_cli import main

if __name__ == "__main__":
    main()
