package placement

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

// plain is a fleet that the other programs can hold too: one tier, two copies, groups that weigh the
// same, every ShopSet as large as the others.
func plain(groups, sets, clusters int) placement.Input {
	in := placement.Input{Classes: []placement.Class{{Name: "standard", Tier: "prod", Copies: 2}}}
	for i := range clusters {
		in.Clusters = append(in.Clusters, placement.Cluster{Name: fmt.Sprintf("cluster-%03d", i)})
	}
	for i := range sets {
		in.ShopSets = append(in.ShopSets, placement.ShopSet{Name: fmt.Sprintf("prod-%04d", i), Tier: "prod",
			Cluster: in.Clusters[i%clusters].Name, Capacity: int64(groups) * plainWeight / int64(sets) * 3 / 2, State: placement.Active})
	}
	for i := range groups {
		in.Groups = append(in.Groups, placement.Group{Name: fmt.Sprintf("g%05x", i), Class: "standard", Weight: plainWeight, Shops: 1})
	}
	return in
}

const plainWeight = 1000

// result of one program: where everything is before and after a drain, and the time of a processor
// that each took.
type result struct {
	initial, drain time.Duration
	before, after  [][]string
}

// rival is a program that does a part of what the planner does.
type rival struct {
	name string
	run  func(t *testing.T, in placement.Input, drained string) result
}

// TestRivals drains a cluster of the same fleet with the planner, Ganeti's hbal and Ceph's crushtool,
// and prints their figures side by side. It judges only the planner.
func TestRivals(t *testing.T) {
	paths, missing := findRivals(t)
	for _, size := range []struct{ groups, sets, clusters int }{{600, 30, 30}, {65536, 1000, 100}} {
		in := plain(size.groups, size.sets, size.clusters)
		drained := in.Clusters[1].Name
		t.Logf("%d groups of 2 copies on %d ShopSets in %d clusters, one cluster is drained", size.groups, size.sets, size.clusters)
		t.Logf("%-12s %12s %12s %8s %8s %10s %10s %10s", "program", "placing", "draining", "moves", "must", "max/mean", "after", "violations")
		rivals := []rival{{"shopset", runPlanner}}
		if paths["crushtool"] != "" {
			rivals = append(rivals, rival{"crushtool", func(t *testing.T, in placement.Input, drained string) result {
				return runCrush(t, paths["crushtool"], in, drained)
			}})
		}
		if paths["hbal"] != "" && size.groups < 5000 {
			rivals = append(rivals, rival{"hbal", func(t *testing.T, in placement.Input, drained string) result {
				return runHbal(t, paths["hbal"], in, drained)
			}})
		} else if paths["hbal"] != "" {
			t.Log("hbal is left out of this size: for each of its steps it looks at all instances and all pairs of nodes")
		}
		for _, r := range rivals {
			res := r.run(t, in, drained)
			moves, must, fullBefore, fullAfter, violations := compare(in, drained, res)
			placing := res.initial.Round(time.Millisecond).String()
			if res.initial == 0 {
				placing = "-"
			}
			t.Logf("%-12s %12s %12v %8d %8d %10.3f %10.3f %10d", r.name, placing, res.drain.Round(time.Millisecond),
				moves, must, fullBefore, fullAfter, violations)
			if r.name == "shopset" && (moves != must || violations > 0 || fullBefore > 1.05 || fullAfter > 1.05) {
				t.Errorf("the planner moves %d of %d, is at %.3f and %.3f of the mean, with %d violations", moves, must, fullBefore, fullAfter, violations)
			}
		}
	}
	if len(missing) > 0 {
		t.Skipf("not compared with %s: not on this machine; fetch-rivals.sh DIR brings them, then set PLACEMENT_RIVALS=DIR", strings.Join(missing, " and "))
	}
}

// compare counts with the same code for all.
func compare(in placement.Input, drained string, res result) (moves, must int, fullBefore, fullAfter float64, violations int) {
	cluster := map[string]string{}
	for _, s := range in.ShopSets {
		cluster[s.Name] = s.Cluster
	}
	for i := range res.after {
		was, is := res.before[i], res.after[i]
		for _, s := range was {
			if cluster[s] == drained {
				must++
			}
		}
		for _, s := range is {
			if !slices.Contains(was, s) {
				moves++
			}
			if cluster[s] == drained {
				violations++
			}
		}
		if len(is) != 2 || cluster[is[0]] == cluster[is[1]] {
			violations++
		}
	}
	fullest := func(placed [][]string, without string) float64 {
		loads, most, room := map[string]int{}, 0, 0
		for _, copies := range placed {
			if len(copies) == 0 {
				continue
			}
			loads[copies[0]]++
			most = max(most, loads[copies[0]])
		}
		for _, s := range in.ShopSets {
			if s.Cluster != without {
				room++
			}
		}
		return float64(most) * float64(room) / float64(len(placed))
	}
	return moves, must, fullest(res.before, ""), fullest(res.after, drained), violations
}

func runPlanner(t *testing.T, in placement.Input, drained string) result {
	t.Helper()
	var r result
	at := ownTime(t)
	plan := placement.Make(in)
	r.initial = ownTime(t) - at
	r.before = copiesOf(in, plan)
	in = carriedOut(in, plan)
	setState(&in, placement.Draining, drained)
	at = ownTime(t)
	plan = placement.Make(in)
	r.drain = ownTime(t) - at
	r.after = copiesOf(in, plan)
	return r
}

func copiesOf(in placement.Input, plan placement.Plan) [][]string {
	in = carriedOut(in, plan)
	var all [][]string
	for _, g := range in.Groups {
		all = append(all, g.Current)
	}
	return all
}

// findRivals looks for the programs in the folder that fetch-rivals.sh filled, and in the path.
func findRivals(t *testing.T) (paths map[string]string, missing []string) {
	t.Helper()
	paths = map[string]string{}
	for _, name := range []string{"hbal", "crushtool"} {
		if dir := os.Getenv("PLACEMENT_RIVALS"); dir != "" {
			if path := filepath.Join(dir, "root/usr/bin", name); exists(path) {
				paths[name] = path
				continue
			}
		}
		if path, err := exec.LookPath(name); err == nil {
			paths[name] = path
			continue
		}
		missing = append(missing, name)
	}
	return paths, missing
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ownTime is how much time of a processor this process has had: what else runs on the machine does not
// count, for the planner as for the others.
func ownTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMegabytes is the most memory that this process has had, the fleet and the checks included.
func peakMegabytes(t testing.TB) float64 {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return float64(usage.Maxrss) / 1024
}

// execute runs a program with the libraries that lie beside it, and says how much time of a processor
// it took.
func execute(t *testing.T, path string, args ...string) (string, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if root, _, found := strings.Cut(path, "/usr/bin/"); found && root != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+strings.Join(libraries(root), ":"))
	}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("running %s %v: %v\n%.2000s", filepath.Base(path), args, err, complaints.String())
	}
	return out.String(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// libraries returns the folders below a root that hold shared objects.
func libraries(root string) []string {
	var dirs []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.Contains(entry.Name(), ".so") && !slices.Contains(dirs, filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
		return nil
	})
	return dirs
}
