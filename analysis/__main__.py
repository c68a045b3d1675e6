"""python analysis COMMAND: the commands of the package surf_sweep, without an installation."""

import sys

from surf_sweep.__main__ import main

sys.exit(main())
