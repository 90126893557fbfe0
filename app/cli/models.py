"""`models`: which recognition models are there, and putting one in place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.session import AsJson, session
from ocr_models import installed_models, model_folders, place_models

models = typer.Typer(help="Mô hình nhận dạng chữ.", no_args_is_help=True)


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Các mô hình tiếng Việt có trên máy, mô hình tốt nhất đứng đầu."""
    with session(as_json, looks_only=True) as run:
        for model in installed_models(model_folders(own=run.services.settings.model_folder)):
            document = {
                "name": model.name,
                "path": str(model.path),
                "sha256": model.sha256,
                "verified": model.verified,
            }
            run.give(document, [f"{model.name:24} {model.path}"])


@models.command("add")
def add_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".traineddata, .gz hoặc .tgz.")],
    as_json: AsJson = False,
) -> None:
    """Đưa mô hình trong tệp vào thư mục làm việc; chỉ nhận mô hình đã biết."""
    with session(as_json) as run:
        run.services.ports.open_home()
        for model in place_models(file, run.services.settings.model_folder):
            document = {"name": model.name, "sha256": model.sha256}
            run.give(document, [run.messages.text("model_added", name=model.name)])
