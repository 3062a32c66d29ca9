"""Have the script that draws `dvc plots show` on this machine, so that the page loads nothing from the web.

    python stages/prepare_plots.py --output .dvc/tmp/vega.js

It is Vega, Vega-Lite and vega-embed in one file (BSD-3-Clause), taken out of a pinned wheel and checked by sha256;
never installed and never part of this repository. .dvc/plots.html, the page's template, refers to it.
"""

import hashlib
import tempfile
import zipfile
from pathlib import Path

from cybersieve import cli, hashing, records, wheels
from cybersieve.errors import InputError

PACKAGE, VERSION = "django-js-lib-vega-embed", "6.29.0.3"  # Vega 5.33.0, Vega-Lite 5.23.0, vega-embed 6.29.0
MEMBER = "js_lib_vega_embed/static/js_lib_vega_embed/vega-embed-full.js"
SHA256 = "b6f62605c995662b5682ff986bddf3a1e2fe7f309b8acc82db8b8a4feb4d9cef"


def main() -> None:
    parser = cli.parser(__doc__)
    parser.add_argument("--output", type=Path, default=Path(".dvc/tmp/vega.js"), metavar="FILE", help="the script")
    target = parser.parse_args().output
    if target.exists() and hashing.of_file(target) == SHA256:
        return
    with (tempfile.TemporaryDirectory() as scratch,
          zipfile.ZipFile(wheels.download(PACKAGE, VERSION, Path(scratch))) as wheel):
        content = wheel.read(MEMBER)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise InputError(MEMBER, "its sha256 is not the one that was tested", remedy=f"{PACKAGE}=={VERSION} is wanted")
    with records.replacing(target) as partial:
        partial.write_bytes(content)


if __name__ == "__main__":
    cli.run(main)
