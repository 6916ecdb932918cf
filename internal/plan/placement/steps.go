package placement

import "slices"

// Steps cuts a plan into steps: the names of the groups that change in each, in an order in which
// every state between two steps keeps the hard constraints, and the headroom too wherever both the
// start and the end have it. Where one of them lacks some, nothing between lacks more than the
// worse of the two.
//
// maxShare, from 1 to 100, is how many percent of the load that changes its place one step takes at
// most. A step is larger only where one group alone is, or where groups can only change together,
// such as two that swap places at ShopSets that are full.
func Steps(in Input, plan Plan, maxShare int) [][]string {
	s := newStepper(&in, &plan)
	total := int64(0)
	for _, i := range s.left {
		total += max(1, s.groups[i].weight)
	}
	budget := max(1, total*int64(min(max(maxShare, 1), 100))/100)
	var steps [][]string
	for len(s.left) > 0 {
		chosen := s.next(budget)
		if len(chosen) == 0 {
			chosen = s.together()
		}
		names := make([]string, len(chosen))
		for k, i := range chosen {
			names[k] = s.groups[i].given.Name
		}
		steps = append(steps, names)
	}
	return steps
}

// stepper goes from the books of today to those of a plan.
type stepper struct {
	*planner
	goal [][]int32
	left []int32
	// limits that no state between may exceed: of a ShopSet, of a cluster, and of both when a domain
	// dies.
	serve, cluster, spilled, spilledIn []int64
}

func newStepper(in *Input, plan *Plan) *stepper {
	p := &planner{in: in}
	p.index()
	s := &stepper{planner: p, goal: make([][]int32, len(p.groups))}
	goals := map[string][]string{}
	for _, placement := range plan.Placements {
		goals[placement.Group] = placement.ShopSets
	}
	p.openBooks()
	for i := range p.groups {
		g := &p.groups[i]
		at := int32(i)
		var gone string
		names := goals[g.given.Name]
		s.goal[i] = p.aliveFrom(p.known(names, &gone))
		p.hold(at, s.goal[i])
		if !slices.Equal(names, g.given.Current) {
			s.left = append(s.left, at)
		}
	}
	s.serve, s.cluster = make([]int64, len(p.sets)), make([]int64, len(p.clusters))
	s.spilled, s.spilledIn = make([]int64, len(p.spill)), make([]int64, len(p.spillIn))
	s.raise()
	for i := range p.groups {
		p.hold(int32(i), p.aliveFrom(p.groups[i].current))
	}
	s.raise()
	return s
}

// raise lets the limits be at least what is now, and the capacities.
func (s *stepper) raise() {
	n := len(s.sets)
	for i := range s.sets {
		s.serve[i] = max(s.serve[i], s.serving[i], s.sets[i].Capacity)
		for at := i; at < len(s.spill); at += n {
			s.spilled[at] = max(s.spilled[at], s.serving[i]+s.spill[at], s.sets[i].Capacity)
		}
	}
	for c := range s.clusters {
		s.cluster[c] = max(s.cluster[c], s.inCluster[c], s.clusters[c].capacity)
		for at := c; at < len(s.spillIn); at += len(s.clusters) {
			s.spilledIn[at] = max(s.spilledIn[at], s.inCluster[c]+s.spillIn[at], s.clusters[c].capacity)
		}
	}
}

// withinLimits says whether some ShopSets are inside of their limits.
func (s *stepper) withinLimits(sets []int32) bool {
	n := len(s.sets)
	for _, t := range sets {
		c := s.sets[t].cluster
		if s.serving[t] > s.serve[t] || s.clusters[c].capacity > 0 && s.inCluster[c] > s.cluster[c] {
			return false
		}
		for at := int(t); at < len(s.spill); at += n {
			if s.serving[t]+s.spill[at] > s.spilled[at] {
				return false
			}
		}
		if s.clusters[c].capacity == 0 {
			continue
		}
		for at := int(c); at < len(s.spillIn); at += len(s.clusters) {
			if s.inCluster[c]+s.spillIn[at] > s.spilledIn[at] {
				return false
			}
		}
	}
	return true
}

// next changes as many of the groups that are left as fit into a step, each of which may go alone
// after those before it.
func (s *stepper) next(budget int64) []int32 {
	var chosen []int32
	used := int64(0)
	for again := true; again; {
		again = false
		rest := s.left[:0:0]
		for _, i := range s.left {
			w := max(1, s.groups[i].weight)
			if len(chosen) > 0 && used+w > budget {
				rest = append(rest, i)
				continue
			}
			old := s.held[i]
			s.hold(i, s.goal[i])
			if !s.withinLimits(slices.Concat(old, s.goal[i])) {
				s.release(i)
				s.hold(i, old)
				rest = append(rest, i)
				continue
			}
			chosen, used, again = append(chosen, i), used+w, true
		}
		s.left = rest
		again = again && used < budget && len(s.left) > 0
	}
	return chosen
}

// together changes groups that can only go at once: as many as it takes until everything is inside
// of its limits again. All of them together are, since the end is.
func (s *stepper) together() []int32 {
	var concerned []int32
	check := 2
	for k, i := range s.left {
		concerned = append(concerned, s.held[i]...)
		concerned = append(concerned, s.goal[i]...)
		s.hold(i, s.goal[i])
		if k+1 < check {
			continue
		}
		check *= 2
		slices.Sort(concerned)
		concerned = slices.Compact(concerned)
		if s.withinLimits(concerned) {
			chosen := s.left[: k+1 : k+1]
			s.left = s.left[k+1:]
			return chosen
		}
	}
	chosen := s.left
	s.left = nil
	return chosen
}
