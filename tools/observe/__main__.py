"""Write the files of tools/observe, or say which of them are stale."""

import sys
from collections.abc import Sequence

from tools.observe.files import DASHBOARDS, ROOT, build_files


def main(arguments: Sequence[str]) -> int:
    """Write what is stale and remove what is old, or only name it; return the exit code."""
    files = build_files()
    stale = [p for p, text in files.items() if not p.exists() or p.read_text() != text]
    old = [path for path in DASHBOARDS.glob("*.json") if path not in files]
    for path in (*stale, *old):
        said = "is stale: run `make dashboards`" if "--check" in arguments else "written"
        print(f"{path.relative_to(ROOT)} {said}")
    if "--check" in arguments:
        return 1 if stale or old else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    for path in old:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
