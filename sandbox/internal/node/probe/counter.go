package probe

// Verdict is what a probe says of a container after a result.
type Verdict int

const (
	// Undecided: too few results in a row to change anything.
	Undecided Verdict = iota
	// Passing: successThreshold results in a row were good.
	Passing
	// Failing: failureThreshold results in a row were bad.
	Failing
)

// Counter turns single results into verdicts.
type Counter struct {
	// Successes and Failures in a row that it takes.
	Successes, Failures int32

	last bool
	run  int32
}

// Add counts a result.
func (c *Counter) Add(good bool) Verdict {
	if good != c.last {
		c.last, c.run = good, 0
	}
	c.run++
	switch {
	case good && c.run >= max(c.Successes, 1):
		return Passing
	case !good && c.run >= max(c.Failures, 1):
		return Failing
	}
	return Undecided
}
