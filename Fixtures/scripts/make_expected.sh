#!/bin/sh
# Makes Fixtures/expected: piq-audio's own results for two short clips with the small model.
#
#   PIQ_AUDIO=.build/release/piq-audio Fixtures/scripts/make_expected.sh
#
# clock_tick.wav and dog_bark.flac there are the first bytes of the clips of that name, so they also
# test files that are cut; their interpretations are beside them. The model is small-speechbrain,
# imported with the settings below. The same program makes the same bytes.
set -eu

piq_audio=$(realpath "${PIQ_AUDIO:?names the piq-audio to use}")
fixtures=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/expected"
cd "$work/expected"
head -c 52000 "$fixtures/clips/clock_tick.wav" > clock_tick.wav
head -c 30000 "$fixtures/clips/dog_bark.flac" > dog_bark.flac
"$piq_audio" model import --quiet --name small "$fixtures/small-speechbrain" --output "$work/model"
"$piq_audio" interpret --quiet --model "$work/model" --outputs arrays,json clock_tick.wav dog_bark.flac

rm -rf "$fixtures/expected"
mv "$work/expected" "$fixtures/expected"
