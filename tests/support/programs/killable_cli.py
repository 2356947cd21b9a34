"""`tfp-vae`, which kills itself at the call that moves bytes to the disk whose number it is given.

Takes the number, or 0 for never, and then the arguments of the command.
"""

import sys

from tests.support.programs.killable_run import die_at
from tfp_vae_cli import main

if __name__ == "__main__":
    call, *arguments = sys.argv[1:]
    if int(call):
        die_at(int(call))
    sys.argv = ["tfp-vae", *arguments]
    main()
