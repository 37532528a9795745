# Completion of taskcluster-tc in fish: it is tc by another name.
source (status dirname)/tc.fish
