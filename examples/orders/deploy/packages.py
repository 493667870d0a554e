"""Code packages: zips that are the same bytes for the same files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path


def pack(folder: Path, *names: str) -> bytes:
    """A zip of files in `folder`, all of its Python files when none is named."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        files = [folder / name for name in names] or sorted(folder.rglob("*.py"))
        for path in files:
            info = zipfile.ZipInfo(str(path.relative_to(folder)), (2026, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return content.getvalue()
