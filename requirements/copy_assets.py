"""Copy what the screens load from node_modules to maps/static/vendor; the list is complete."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "maps" / "static" / "vendor"
ASSETS = {
    "leaflet/dist/leaflet.js": "leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet.css",
    "leaflet/dist/images/layers.png": "images/layers.png",
    "leaflet/dist/images/layers-2x.png": "images/layers-2x.png",
    "leaflet/dist/images/marker-icon.png": "images/marker-icon.png",
    "leaflet/dist/images/marker-icon-2x.png": "images/marker-icon-2x.png",
    "leaflet/dist/images/marker-shadow.png": "images/marker-shadow.png",
    "leaflet/LICENSE": "leaflet.LICENSE",
    "protomaps-leaflet/dist/protomaps-leaflet.js": "protomaps-leaflet.js",
    "protomaps-leaflet/LICENSE": "protomaps-leaflet.LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js",
    "idiomorph/LICENSE": "idiomorph.LICENSE",
}


def main() -> None:
    """Replace the vendor folder; a file that is not there stops the set-up."""
    growing = VENDOR.with_name("vendor.new")
    shutil.rmtree(growing, ignore_errors=True)
    for source, target in ASSETS.items():
        (growing / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, growing / target)
    shutil.rmtree(VENDOR, ignore_errors=True)
    growing.rename(VENDOR)
    sys.stdout.write(f"{len(ASSETS)} asset files in {VENDOR.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
