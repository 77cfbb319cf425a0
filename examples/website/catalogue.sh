#!/bin/sh
# What a website asks the catalogue, with curl.
#
#   CATALOGUE=http://127.0.0.1:9002 examples/website/catalogue.sh [SHELF]
#
# TOKEN may be set: it is needed where reading is closed.
set -eu
: "${CATALOGUE:=http://127.0.0.1:9002}"
shelf=${1-hat}

ask() {
    if [ -n "${TOKEN-}" ]; then
        curl --silent --show-error --fail-with-body --header "Authorization: Bearer $TOKEN" "$@"
    else
        curl --silent --show-error --fail-with-body "$@"
    fi
}

echo "shelves:"
ask "$CATALOGUE/api/shelves"
echo
echo "the newest on $shelf of which the model is sure:"
ask --get "$CATALOGUE/api/shelves/$shelf" --data limit=3 --data min_confidence=0.9
echo
echo "where to ask later for what has changed:"
ask "$CATALOGUE/api/changes"
echo
