package load

// Shop is a shop to visit.
type Shop struct {
	// Name is that of its object, and Host where shoppers find it.
	Name, Host string
	// Kind is what losses are counted by, such as "redundant".
	Kind string
	// Tier is that of the ShopSets which may answer for it.
	Tier string
}

// round yields the numbers below n again and again, in an order that has neighbours far apart: so
// shops of one class, which are numbered one after the other, do not come at the same moment.
type round struct {
	n, stride, at, turn int
}

func newRound(n int) *round {
	stride := max(1, n*618/1000)
	for gcd(stride, n) != 1 {
		stride++
	}
	return &round{n: n, stride: stride}
}

// next is a number, and how often all have come before.
func (r *round) next() (number, turn int) {
	number, turn = r.at*r.stride%r.n, r.turn
	if r.at++; r.at == r.n {
		r.at = 0
		r.turn++
	}
	return number, turn
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
