#!/usr/bin/env bash
# The first walkthrough, as commands: real films, raws and photographs in; judged models out.
#   RUSHES_MEDIA=FOLDER docs/walkthroughs/real_footage.sh PROJECT
# The folder of media holds videos/, raw/, images/, labels/ and weights/; see docs/walkthroughs/real_footage.md.
set -euo pipefail
media=${RUSHES_MEDIA:?name the folder of real footage in RUSHES_MEDIA}
media=$(cd "$media" && pwd)
project=${1:?name a folder for the project}
rushes=${RUSHES:-rushes}

$rushes init "$project" --template shots \
  --task scale=ECS,CS,MS,FS,LS --task mcu=other,mcu --task flower=daisy,dandelion,roses,sunflowers,tulips
cd "$project"
# What sheets and folders call the classes.
grep -q '^aliases' rushes.toml || sed -i \
  -e '/^\[tasks.scale\]/a aliases = { EL = "LS", L = "FS", M = "MS", CU = "CS", ECU = "ECS" }\nignore = ["none"]' \
  -e '/^\[tasks.mcu\]/a aliases = { yes = "mcu", no = "other" }' rushes.toml

# Every film and raw, one frame a second; photographs whose folder names their class; frames of a talk show.
$rushes ingest "$media/videos" "$media/raw" --every 1s
$rushes ingest "$media/images/flowers" --class-folders --task flower
$rushes ingest "$media/images/shotscale_cinemanet" --class-folders --task scale
$rushes ingest "$media/images/woman_talkshow" --group woman_talkshow

# Shots labelled by eye: every frame from start_frame to end_frame, both included, gets the label.
$rushes labels import "$media/labels/shots_by_eye.csv" --task mcu \
  --map video=source --map start_frame=start --map end_frame=last --map mcu=class
$rushes labels import "$media/labels/woman_talkshow_frames.csv" --task mcu --map file=frame --map mcu=class

cat > recipes/mobilenet.toml <<TOML
schema = "recipe/2"

[model]
kind = "features"
backbone = "mobilenetv2_100"
weights = "$media/weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
backbone_args = { pad_type = "same" }

[input]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
TOML

for task in flower scale mcu; do
  $rushes manifest build --task $task
  $rushes split make --task $task
  $rushes split make --task $task --kind mixed
  $rushes split check --task $task
  $rushes train mobilenet --set task=$task --set name=$task --set split=mixed
  $rushes train mobilenet --set task=$task --set name=$task
  $rushes evaluate
done
# The same question by the small network from scratch of the first study.
$rushes train cnn --set task=mcu --set name=mcu-cnn
$rushes evaluate
$rushes runs
run=$($rushes runs --task scale --json | python3 -c 'import json, sys; print(next(r["run"] for r in json.load(sys.stdin)["runs"] if r["split"]["kind"] == "grouped"))')
$rushes export "$run" --to bundles/scale
$rushes doctor bundles/scale
$rushes predict bundles/scale "$media/raw" "$media/videos/nosferatu_1922_480p.mp4" --every 1s --out predictions.csv
