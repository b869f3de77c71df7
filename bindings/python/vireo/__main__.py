"""The command vireo: the program that the package carries."""

import os
import sys
from pathlib import Path


def main():
    program = Path(__file__).parent / "bin" / "vireo"
    if not program.exists():
        sys.exit("vireo: this build of the package has no command; build it with VIREO_TOOLS=ON")
    os.execv(program, ["vireo", *sys.argv[1:]])


if __name__ == "__main__":
    main()
