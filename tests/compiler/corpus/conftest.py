"""The programs of this folder are found where they lie."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
