package maintenance

// remaining counts the groups that today's table still has on the cluster.
func (r *run) remaining() int {
	n := 0
	for _, g := range r.in.Today.Groups {
		if r.holds(g.ShopSets) {
			n++
		}
	}
	return n
}

// count measures the drain: from the tables, and so it is right whoever did what before.
func (r *run) count() {
	left := int32(r.remaining()) //nolint:gosec // there are not that many groups
	if r.status.MustMove < left {
		r.status.MustMove = left
	}
	r.stepped(r.status.MustMove-left, left)
}

// progress measures the return.
func (r *run) progress(left int32, first bool) {
	if first {
		r.status.MustMove, r.status.Moved, r.status.Steps, r.status.Epoch = left, 0, 0, r.in.Today.Epoch
	}
	r.stepped(max(r.status.MustMove-left, 0), left)
}

// stepped notes when a step has come into the table.
func (r *run) stepped(moved, left int32) {
	if moved > r.status.Moved {
		r.status.Steps++
		r.status.Epoch = r.in.Today.Epoch
	}
	r.status.Moved, r.status.Remaining = moved, left
}
