"""``python -m torture``: run the fault matrix."""

import sys

from torture.run import main

# A module of its own: each contestant's process would import whatever module was started.
if __name__ == "__main__":
    sys.exit(main())
