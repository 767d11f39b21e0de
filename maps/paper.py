"""A page made into a PDF on the server, with fonts of the machine and nothing from elsewhere."""

import os
import shutil
import subprocess
from functools import cache

from dispatch.errors import DispatchError
from maps.assets import SHIPPED, STATIC

FIRST_HAN, LAST_HAN = "\u2e80", "\u9fff"
LIST_TIMEOUT_S = 20


class PaperUnavailable(DispatchError):
    """This server cannot make a PDF; the page itself can still be printed from the browser."""

    code = "paper-unavailable"


def as_pdf(html: str, style: str = "paper.css") -> bytes:
    """Print a page of ours; `style` names the asset that makes it paper.

    Raises
    ------
    PaperUnavailable
        The libraries that set text are missing, or the text is Chinese and no font is: boxes in
        place of words are never printed.
    """
    if any(FIRST_HAN <= letter <= LAST_HAN for letter in html) and not has_chinese():
        raise PaperUnavailable(
            "no font with Chinese characters is installed on the server (Debian: fonts-noto-cjk)"
        )
    try:
        import weasyprint  # noqa: PLC0415 (needs libraries of the system)
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as missing:
        raise PaperUnavailable(
            "Pango is not installed on the server (Debian: libpango-1.0-0 libpangoft2-1.0-0)"
        ) from missing
    sheet = weasyprint.CSS(filename=str(STATIC / SHIPPED[style]))
    page = weasyprint.HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=()))
    printed: bytes = page.write_pdf(stylesheets=[sheet])
    return printed


@cache
def has_chinese() -> bool:
    """Whether the machine has a font with Chinese characters, as fontconfig says."""
    program = shutil.which("fc-list")
    if program is None:
        return False
    listed = subprocess.run(  # noqa: S603 (no input of anybody)
        [program, ":lang=zh-cn", "file"],
        capture_output=True,
        check=False,
        timeout=LIST_TIMEOUT_S,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    return bool(listed.stdout.strip())
