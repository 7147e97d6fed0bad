#!/bin/sh
# Packages that were downloaded once, for the next build of the same distribution from the same mirror:
#   debian-packages.sh bring KEPT ARCHIVES   copies the kept ones to apt's directory
#   debian-packages.sh keep KEPT ARCHIVES    keeps those in apt's directory
# apt had checked each against the signed index, but looks at the size only of what it finds in its directory. So their digests are
# kept with them, and what has changed on the disk since is left out. KEPT may be emptied at any time, and any number of builds
# use it at once: a file comes into it whole, by a rename, and is never changed there.
set -eu
kept=$2
archives=$3

bring() {
  mkdir -p "$archives"
  [ -s "$kept/digests" ] || return 0
  cp --reflink=auto --preserve=timestamps -- "$kept"/*.deb "$archives/" 2>/dev/null || true
  cp -- "$kept/digests" "$archives/digests" 2>/dev/null || : >"$archives/digests"
  cd "$archives"
  sha256sum --check digests 2>/dev/null | sed -n 's/: OK$//p' >good || true
  rm -f digests
  for package in *.deb; do
    grep -qxF -- "$package" good || rm -f -- "$package"
  done
  rm -f good
}

keep() {
  # Without room for them there are none, which costs only time.
  mkdir -p -- "$kept" 2>/dev/null || return 0
  cd "$archives"
  : >digests
  for package in *.deb; do
    [ -f "$package" ] || continue
    if [ -f "$kept/$package" ] && grep -qsF -- "  $package" "$kept/digests"; then
      touch -c -- "$kept/$package"
      continue
    fi
    sha256sum -- "$package" >>digests
    { cp --reflink=auto -- "$package" "$kept/.$$.$package" && mv -- "$kept/.$$.$package" "$kept/$package"; } 2>/dev/null ||
      { rm -f -- "$kept/.$$.$package"; break; }
  done
  # Of two builds that end at once one's lines may be lost: then these packages are downloaded once more.
  if [ -s digests ]; then
    { cat "$kept/digests" 2>/dev/null || true; cat digests; } | sort -u >"$kept/.$$.digests" && mv -- "$kept/.$$.digests" "$kept/digests"
  fi
  rm -f digests
  # What nothing has used for a month.
  find "$kept" -type f -name '*.deb' -mtime +30 -delete 2>/dev/null || true
}

"$1"
