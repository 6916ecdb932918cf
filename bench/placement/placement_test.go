package placement

import (
	"slices"
	"testing"
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

// scenario is something that happens to a fleet in which everything is placed.
type scenario struct {
	name   string
	change func(in *placement.Input)
	// exact plans move what they must and nothing else.
	exact bool
}

func scenarios() []scenario {
	return []scenario{
		{"nothing", func(*placement.Input) {}, true},
		{"one-more-shopset", addShopSet, true},
		{"one-more-shopset-rebalanced", func(in *placement.Input) { addShopSet(in); in.Rebalance = true }, false},
		{"drain-a-cluster", func(in *placement.Input) { setState(in, placement.Draining, "cluster-001") }, true},
		{"return-to-a-cluster", drainAndReturn("cluster-001"), true},
		{"drain-a-third", func(in *placement.Input) { setState(in, placement.Draining, third(*in)...) }, true},
		{"return-of-a-third", func(in *placement.Input) { drainAndReturn(third(*in)...)(in) }, true},
		{"loss-of-a-cluster", func(in *placement.Input) { setState(in, placement.Down, "cluster-001") }, true},
		{"loss-of-a-site", func(in *placement.Input) { setState(in, placement.Down, clustersOf(*in, "site-01")...) }, true},
	}
}

func addShopSet(in *placement.Input) {
	one := in.ShopSets[0]
	one.Name = "prod-more"
	in.ShopSets = append(slices.Clone(in.ShopSets), one)
}

func setState(in *placement.Input, state placement.State, clusters ...string) {
	in.ShopSets = slices.Clone(in.ShopSets)
	for i := range in.ShopSets {
		if slices.Contains(clusters, in.ShopSets[i].Cluster) {
			in.ShopSets[i].State = state
		}
	}
}

func clustersOf(in placement.Input, site string) []string {
	var names []string
	for _, c := range in.Clusters {
		if c.Domain == site {
			names = append(names, c.Name)
		}
	}
	return names
}

// third names the clusters of one platform.
func third(in placement.Input) []string {
	var names []string
	for _, d := range in.Domains {
		if d.Parent == "platform-1" {
			names = append(names, clustersOf(in, d.Name)...)
		}
	}
	return names
}

// drainAndReturn leaves a fleet at the moment when drained clusters take load again.
func drainAndReturn(clusters ...string) func(in *placement.Input) {
	return func(in *placement.Input) {
		before := in.Groups
		setState(in, placement.Draining, clusters...)
		*in = carriedOut(*in, placement.Make(*in))
		for i := range in.Groups {
			if !slices.Equal(in.Groups[i].Current, before[i].Current) {
				in.Groups[i].Home = before[i].Current
			}
		}
		setState(in, placement.Active, clusters...)
	}
}

// carriedOut is a fleet after a plan.
func carriedOut(in placement.Input, plan placement.Plan) placement.Input {
	at := make(map[string][]string, len(plan.Placements))
	for _, p := range plan.Placements {
		at[p.Group] = p.ShopSets
	}
	in.Groups = slices.Clone(in.Groups)
	for i := range in.Groups {
		in.Groups[i].Current = at[in.Groups[i].Name]
	}
	return in
}

// judge fails on what must hold for every plan that is timed.
func judge(tb testing.TB, f figures, exact bool) {
	tb.Helper()
	if f.violations > 0 {
		tb.Fatalf("%d violations", f.violations)
	}
	if f.fullest > 1.05 {
		tb.Fatalf("the fullest ShopSet is at %.3f of the mean", f.fullest)
	}
	if exact && f.moves != f.must {
		tb.Fatalf("%d moves, and %d must be", f.moves, f.must)
	}
	if f.moves < f.must {
		tb.Fatalf("the lower bound is %d and there are %d moves", f.must, f.moves)
	}
	if f.shortfall > 0 {
		tb.Fatalf("headroom is short by %.4f of the load", f.shortfall)
	}
}

// report prints the figures of a plan, and beside the time on the clock that of a processor, which
// does not depend on what else the machine does.
func report(b *testing.B, f figures, took time.Duration) {
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "cpu-ms/op")
	peak := peakMegabytes(b)
	b.ReportMetric(peak, "peak-MB")
	if peak > 1000 {
		b.Fatalf("%.0f MB of memory", peak)
	}
	b.ReportMetric(float64(f.moves), "moves")
	ratio := 1.0
	if f.must > 0 {
		ratio = float64(f.moves) / float64(f.must)
	}
	b.ReportMetric(ratio, "moves/must")
	b.ReportMetric(f.fullest, "max/mean")
	b.ReportMetric(f.shortfall, "shortfall")
	b.ReportMetric(float64(f.violations), "violations")
}

// BenchmarkInitial places a fleet that has nothing placed yet.
func BenchmarkInitial(b *testing.B) {
	for _, size := range Sizes() {
		b.Run(size.Name, func(b *testing.B) {
			in := Fleet(size)
			b.ReportAllocs()
			var plan placement.Plan
			at := ownTime(b)
			for b.Loop() {
				plan = placement.Make(in)
			}
			b.StopTimer()
			took := ownTime(b) - at
			f := measure(b, in, plan)
			judge(b, f, true)
			report(b, f, took)
		})
	}
}

// BenchmarkChange plans what follows from one change of a fleet in which everything is placed.
func BenchmarkChange(b *testing.B) {
	for _, size := range Sizes() {
		empty := Fleet(size)
		placed := carriedOut(empty, placement.Make(empty))
		for _, sc := range scenarios() {
			b.Run(size.Name+"/"+sc.name, func(b *testing.B) {
				in := placed
				sc.change(&in)
				b.ReportAllocs()
				var plan placement.Plan
				at := ownTime(b)
				for b.Loop() {
					plan = placement.Make(in)
				}
				b.StopTimer()
				took := ownTime(b) - at
				f := measure(b, in, plan)
				judge(b, f, sc.exact)
				report(b, f, took)
			})
		}
	}
}

// BenchmarkSteps cuts the drain of a third of the largest fleet into steps.
func BenchmarkSteps(b *testing.B) {
	size := Sizes()[2]
	empty := Fleet(size)
	in := carriedOut(empty, placement.Make(empty))
	setState(&in, placement.Draining, third(in)...)
	plan := placement.Make(in)
	var steps [][]string
	at := ownTime(b)
	for b.Loop() {
		steps = placement.Steps(in, plan, 25)
	}
	took := ownTime(b) - at
	for _, step := range steps {
		if len(step) == 0 {
			b.Fatal("a step is empty")
		}
	}
	if len(steps) < 4 || len(steps) > 6 {
		b.Fatalf("%d steps of a quarter", len(steps))
	}
	b.ReportMetric(float64(len(steps)), "steps")
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "cpu-ms/op")
}
