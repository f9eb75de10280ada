"""The peer of `serve_load`: an endpoint as one writes it in an afternoon, FastAPI around a network in eager torch.

Run as `python -m benchmarks.serve_peer WEIGHTS PORT plain|threads`: `plain` answers in an `async def`, which holds the
event loop meanwhile; `threads` in a `def`, which FastAPI runs in its pool of threads.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any


def main(weights: Path, port: int, way: str) -> None:
    import timm
    import torch
    import uvicorn
    from fastapi import FastAPI
    from PIL import Image
    from safetensors.torch import load_file
    from torchvision import transforms

    classes = ["ECS", "CS", "MS", "FS", "LS"]
    network = timm.create_model("mobilenetv2_100", num_classes=len(classes))
    network.load_state_dict(load_file(weights))
    network.eval()
    shown = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    app = FastAPI()

    def answer(data: bytes) -> dict[str, Any]:
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        with torch.no_grad():
            scores = torch.softmax(network(shown(picture)[None]), 1)[0]
        best = int(scores.argmax())
        return {"predicted_class": classes[best], "confidence": float(scores[best])}

    if way == "plain":

        @app.post("/predict")
        async def plain(file: UploadFile) -> dict[str, Any]:
            return answer(await file.read())
    else:

        @app.post("/predict")
        def threaded(file: UploadFile) -> dict[str, Any]:
            return answer(file.file.read())

    uvicorn.run(app, port=port, log_level="error", access_log=False)


# FastAPI reads the annotations of the functions above here.
from fastapi import UploadFile  # noqa: E402

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
