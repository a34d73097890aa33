"""The installer is no part of the installed packages: tests reach it from the root of the tree."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
