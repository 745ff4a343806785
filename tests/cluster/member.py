"""One process of this version, or of one that knows more: `python -m tests.cluster.member
ours|newer service …`.

What the newer one invents stands in `tests/pipeline/versions.py`. All else is what `storywave`
runs, but that what can't be read is looked at again sooner: a test has no minutes.
"""

import sys
from functools import partial
from unittest.mock import patch

from services.cli import main
from services.cli import serve as command
from shared.jobs import unreadable
from shared.runtime import serve
from shared.runtime.compose import open_app
from tests.pipeline.versions import NEWER, OURS

SOON_MS = 300
VERSIONS = {"ours": OURS, "newer": NEWER}

if __name__ == "__main__":
    version = VERSIONS[sys.argv.pop(1)]
    services = {service.name: service for service in version.services}
    with (
        patch.object(unreadable, "PUT_OFF_MS", SOON_MS),
        patch.object(command, "load", services.__getitem__),
        patch.object(serve, "open_app", partial(open_app, kinds=version.kinds)),
    ):
        sys.exit(main())
