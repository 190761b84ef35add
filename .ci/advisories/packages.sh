# Sourced by `update` and by `.ci/deny`: which packages of others the lock files name.

# Prints their names, sorted, for the repository at $1. Our own have no `source` in a lock file.
locked_packages() {
    awk -F '"' '/^name = / { name = $2 } /^source = / { print name }' \
        "$1/Cargo.lock" "$1/protocol/fuzz/Cargo.lock" | LC_ALL=C sort -u
}
