"""One style sheet out of one file per component, each in its layer, under an address that browsers may keep."""

import hashlib
from pathlib import Path
from typing import Final

from flask import Flask, Response, url_for

from web.permission import public

CSS: Final = Path(__file__).resolve().parent / "static" / "css"
LAYERS: Final = ("reset", "base", "components", "pages", "print")


def install(app: Flask) -> None:
    content = gather(CSS)
    version = hashlib.sha256(content).hexdigest()[:16]

    @public
    def serve(version: str) -> Response:
        return Response(content, mimetype="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"})

    app.add_url_rule("/static/duban-<version>.css", "stylesheet", serve)
    app.jinja_env.globals["stylesheet"] = lambda: url_for("stylesheet", version=version)


def gather(root: Path) -> bytes:
    """`reset.css`, `base.css`, every file of `components/` and `pages/` by name, `print.css`, each within its layer."""
    parts = [f"@layer {', '.join(LAYERS)};"]
    for layer in LAYERS:
        single = root / f"{layer}.css"
        for file in [single] if single.exists() else sorted((root / layer).glob("*.css")):
            parts.append(f"@layer {layer} {{\n{file.read_text('utf-8')}}}")
    return "\n".join(parts).encode()
