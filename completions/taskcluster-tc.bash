# Completion of taskcluster-tc in bash: it is tc by another name.
. "${BASH_SOURCE[0]%/*}/tc"
