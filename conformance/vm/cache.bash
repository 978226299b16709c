# Sourced by `headers`, `kernel` and `root`: what is downloaded and built once, outside the repository.
#
#   cached KIND RECIPE BUILD   prints the directory $cache/KIND-HASH; makes it by calling `BUILD DIRECTORY` if it is not there
#   unpack_packages DIRECTORY SUITE NAME...   downloads these packages of Debian (NAME or NAME:ARCHITECTURE) and unpacks them there
#
# HASH is that of the text RECIPE and of the calling script, so that a changed recipe builds anew. A directory is built beside its place, under a
# lock, and renamed into it: what has the name is whole. Its predecessors with another hash are removed.
set -eu -o pipefail
shopt -s inherit_errexit
umask 022
vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/chos-runtime/vm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { echo "${0##*/}: $*" >&2; exit 1; }

cached() { # KIND RECIPE BUILD
	local kind=$1 recipe=$2 build=$3 hash place
	hash=$(printf '%s\n' "$recipe" | cat - "$0" | sha256sum | cut -c1-12)
	place=$cache/$kind-$hash
	if [ ! -d "$place" ]; then
		mkdir -p "$cache"
		# The lock is inherited by nothing that outlives this subshell: every program below ends before it.
		(
			flock 8
			[ ! -d "$place" ] || exit 0
			rm -rf "$cache/$kind-"*.new
			mkdir "$place.new"
			echo "vm: making $kind (cached in $cache)" >&2
			"$build" "$place.new" >&2
			for old in "$cache/$kind-"????????????; do
				[ ! -d "$old" ] || rm -rf --one-file-system "$old"
			done
			mv "$place.new" "$place"
		) 8>"$cache/$kind.lock"
	fi
	printf '%s\n' "$place"
}

# The repository of this machine for SUITES (an awk pattern), by which it reaches its mirror; MIRROR=URI names another one.
machines_repository() {
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' |
		awk -v suite="$1" -v path="$2" '$1 ~ suite && $2 ~ path { print $2; exit }'
}

debian_mirror() {
	local mirror=${MIRROR:-$(machines_repository '^[a-z]+$' '/debian/?$')}
	printf '%s\n' "${mirror:-http://deb.debian.org/debian}"
}

# apt of its own for $suite, for both architectures, whatever this machine has installed: bookworm with its security updates and backports, or
# sid, whose packages would pass for newer ones of bookworm's. Whoever wants source packages sets apt_types='deb deb-src'.
apt_types=deb
apt_directory() {
	local name=apt
	[ "$suite" != sid ] || name+=-sid
	[ "$apt_types" = deb ] || name+=-source
	printf '%s\n' "$cache/$name"
}

own_apt() { # PROGRAM ARGUMENTS...
	local program=$1 apt
	apt=$(apt_directory)
	shift
	"$program" -qq -o Dir::Etc::sourcelist="$apt/debian.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
		-o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

apt_sources() {
	local security
	if [ "$suite" = sid ]; then
		# A mirror may be behind: sid's lists are valid for a week.
		printf 'Types: %s\nURIs: %s\nSuites: sid\nComponents: main\nSigned-By: %s\nCheck-Valid-Until: no\n' "$apt_types" "$(debian_mirror)" "$keyring"
		return
	fi
	security=$(machines_repository '-security$' '.')
	printf 'Types: %s\nURIs: %s\nSuites: bookworm bookworm-backports\nComponents: main\nSigned-By: %s\n\n' "$apt_types" "$(debian_mirror)" "$keyring"
	printf 'Types: deb\nURIs: %s\nSuites: bookworm-security\nComponents: main\nSigned-By: %s\n' \
		"${security:-http://deb.debian.org/debian-security}" "$keyring"
}

update_apt() {
	local apt
	apt=$(apt_directory)
	[ -z "$(find "$apt/updated" -mmin -60 2>/dev/null)" ] || return 0
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$cache/downloads"
	: >"$apt/status"
	apt_sources >"$apt/debian.sources"
	own_apt apt-get update
	touch "$apt/updated"
}

# The suite with Debian's kernel VERSION.
kernel_suite() {
	case $1 in
	6.1) echo bookworm-security ;;
	6.12) echo bookworm-backports ;;
	sid) echo sid ;;
	*) die "no kernel $1: 6.1, 6.12 or sid" ;;
	esac
}

dependencies() { # SUITE PACKAGE PATTERN
	own_apt apt-cache depends -t "$1" "$2" | sed -nE 's/^[ |]*Depends: <?([^>]*)>?$/\1/p' | grep -E "$3" || true
}

# The package that DEPENDENCY of META of SUITE is, by a pattern: meta packages name the current version.
dependency() { # SUITE META PATTERN
	local found
	found=$(dependencies "$@" | head -1) || true
	[ -n "$found" ] || die "no $3 among the dependencies of $2 in $1"
	printf '%s\n' "$found"
}

# Downloads that no recipe wanted for a month go.
unpack_packages() { # DIRECTORY SUITE PACKAGE...
	local directory=$1 suite=$2 files
	shift 2
	(cd "$cache/downloads" && own_apt apt-get download -t "$suite" "$@")
	# `--print-uris` names each file that was just downloaded, or was there already.
	files=$(cd "$(apt_directory)" && own_apt apt-get download -t "$suite" --print-uris "$@" | awk '{ print $2 }')
	for file in $files; do
		touch "$cache/downloads/$file"
		dpkg-deb --extract "$cache/downloads/$file" "$directory"
	done
	find "$cache/downloads" -name '*.deb' -mtime +30 -delete
}
