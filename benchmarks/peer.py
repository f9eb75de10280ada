"""Runs in the peers' environment, without rushes: PySceneDetect, an OpenCV loop, a boto3 loop, each timed.

`peer.py cuts FILM DETECTOR` prints the frames at which new shots begin; `peer.py tools FILM SECONDS` detects cuts and
then grabs a frame every so many seconds in a second pass, as people do.
`peer.py moves ENDPOINT BUCKET PREFIX TO COUNT` moves objects of a bucket one after the other.
Each prints one JSON object with its times.
"""

from __future__ import annotations

import json
import sys
import time


def main(words: list[str]) -> None:
    if words[0] == "moves":
        print(json.dumps(_moves(*words[1:])))
        return
    import cv2
    import scenedetect  # imported before the clock starts

    answer = {"cuts": _cuts, "tools": _tools}[words[0]](*words[1:])
    print(json.dumps({"versions": {"scenedetect": scenedetect.__version__, "cv2": cv2.__version__}, **answer}))


def _moves(endpoint: str, bucket: str, prefix: str, to: str, count: str) -> dict[str, object]:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [item for page in pages for item in page.get("Contents", [])][: int(count)]
    started, worked = time.perf_counter(), time.process_time()
    for item in found:
        key = item["Key"]
        target = to + key[len(prefix) :]
        client.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": key})
        copy = client.head_object(Bucket=bucket, Key=target)
        if (copy["ContentLength"], copy["ETag"]) != (item["Size"], item["ETag"]):
            raise ValueError(f"{target} is no copy of {key}")
        client.delete_object(Bucket=bucket, Key=key)
    taken = time.perf_counter() - started, time.process_time() - worked
    if len(found) != int(count):
        raise ValueError(f"there are {len(found)} objects to move, not {count}")
    return {"versions": {"boto3": boto3.__version__}, "wall_seconds": taken[0], "cpu_seconds": taken[1]}


def _cuts(film: str, detector: str) -> dict[str, object]:
    import scenedetect

    started, worked = time.perf_counter(), time.process_time()
    scenes = scenedetect.detect(film, getattr(scenedetect, detector)())
    return {
        "cuts": [start.frame_num for start, _ in scenes[1:]],
        "wall_seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - worked,
    }


def _tools(film: str, seconds: str) -> dict[str, object]:
    import cv2

    found = _cuts(film, "AdaptiveDetector")
    started, worked = time.perf_counter(), time.process_time()
    capture = cv2.VideoCapture(film)
    every = float(seconds)
    number = taken = 0
    due = 0.0
    rate = capture.get(cv2.CAP_PROP_FPS)
    while True:
        read, frame = capture.read()
        if not read:
            break
        if number / rate >= due:
            height, width = frame.shape[:2]
            small = cv2.resize(frame, (640, round(height * 640 / width)), interpolation=cv2.INTER_AREA)
            cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])
            taken += 1
            due += every
        number += 1
    return {
        "cuts": found["cuts"],
        "frames": number,
        "taken": taken,
        "wall_seconds": float(str(found["wall_seconds"])) + time.perf_counter() - started,
        "cpu_seconds": float(str(found["cpu_seconds"])) + time.process_time() - worked,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
