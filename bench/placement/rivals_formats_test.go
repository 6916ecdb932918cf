package placement

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"shopset.dev/shopset/internal/plan/placement"
)

// crushMap writes a fleet as a text map for crushtool: ShopSets are devices, clusters are hosts, and
// two devices of one host never hold the same group. It knows no capacities, only weights.
func crushMap(in placement.Input) string {
	var b strings.Builder
	b.WriteString("tunable choose_total_tries 50\ntunable chooseleaf_descend_once 1\ntunable chooseleaf_vary_r 1\ntunable chooseleaf_stable 1\ntunable straw_calc_version 1\n")
	at := map[string][]int{}
	for i, s := range in.ShopSets {
		fmt.Fprintf(&b, "device %d osd.%d\n", i, i)
		at[s.Cluster] = append(at[s.Cluster], i)
	}
	b.WriteString("type 0 osd\ntype 1 host\ntype 2 root\n")
	for k, c := range in.Clusters {
		fmt.Fprintf(&b, "host %s {\n\tid %d\n\talg straw2\n\thash 0\n", c.Name, -2-k)
		for _, i := range at[c.Name] {
			fmt.Fprintf(&b, "\titem osd.%d weight 1.00000\n", i)
		}
		b.WriteString("}\n")
	}
	b.WriteString("root fleet {\n\tid -1\n\talg straw2\n\thash 0\n")
	for _, c := range in.Clusters {
		fmt.Fprintf(&b, "\titem %s weight %d.00000\n", c.Name, len(at[c.Name]))
	}
	b.WriteString("}\nrule standard {\n\tid 0\n\ttype replicated\n\tmin_size 1\n\tmax_size 10\n\tstep take fleet\n\tstep chooseleaf firstn 0 type host\n\tstep emit\n}\n")
	return b.String()
}

func runCrush(t *testing.T, path string, in placement.Input, drained string) result {
	t.Helper()
	dir := t.TempDir()
	text, compiled := filepath.Join(dir, "map.txt"), filepath.Join(dir, "map")
	if err := os.WriteFile(text, []byte(crushMap(in)), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "-c", text, "-o", compiled)
	test := []string{"-i", compiled, "--test", "--rule", "0", "--num-rep", "2", "--min-x", "0",
		"--max-x", strconv.Itoa(len(in.Groups) - 1), "--show-mappings"}
	var r result
	out, took := execute(t, path, test...)
	r.initial = took
	r.before = crushMappings(t, in, out)
	for i, s := range in.ShopSets {
		if s.Cluster == drained {
			test = append(test, "--weight", strconv.Itoa(i), "0")
		}
	}
	out, r.drain = execute(t, path, test...)
	r.after = crushMappings(t, in, out)
	return r
}

var crushLine = regexp.MustCompile(`CRUSH rule 0 x (\d+) \[([\d,]*)\]`)

func crushMappings(t *testing.T, in placement.Input, out string) [][]string {
	t.Helper()
	placed := make([][]string, len(in.Groups))
	for _, m := range crushLine.FindAllStringSubmatch(out, -1) {
		x, _ := strconv.Atoi(m[1])
		for _, field := range strings.Split(m[2], ",") {
			i, err := strconv.Atoi(field)
			if err != nil {
				t.Fatalf("reading %q: %v", m[0], err)
			}
			placed[x] = append(placed[x], in.ShopSets[i].Name)
		}
	}
	return placed
}

// hbalData writes a placed fleet for hbal's text backend: ShopSets are nodes, whose memory is their
// capacity, and groups are mirrored instances. It knows no domains, so each cluster has one ShopSet.
func hbalData(in placement.Input) string {
	serving, held := map[string]int64{}, map[string]int64{}
	for _, g := range in.Groups {
		serving[g.Current[0]] += g.Weight
		for _, s := range g.Current {
			held[s]++
		}
	}
	var b strings.Builder
	b.WriteString("fleet|fake-uuid-01|preferred||\n\n")
	disk := int64(len(in.Groups)) * 2048
	for i, s := range in.ShopSets {
		role := "N"
		if i == 0 {
			role = "M"
		}
		fmt.Fprintf(&b, "%s|%d|0|%d|%d|%d|%d|%s|fake-uuid-01|1||N|0|1|1.0\n", s.Name, s.Capacity, s.Capacity-serving[s.Name],
			disk, disk-held[s.Name]*1024, len(in.Groups), role)
	}
	b.WriteString("\n")
	for _, g := range in.Groups {
		fmt.Fprintf(&b, "%s|%d|1024|1|running|Y|%s|%s|drbd||1\n", g.Name, g.Weight, g.Current[0], g.Current[1])
	}
	policy := "128,1,1024,1,1,1|128,1,1024,1,1,1;32768,8,1048576,16,8,12|drbd|4.0|32.0\n"
	b.WriteString("\n\n|" + policy + "fleet|" + policy)
	return b.String()
}

func runHbal(t *testing.T, path string, in placement.Input, drained string) result {
	t.Helper()
	var r result
	// It places nothing by itself: it starts from the placement of the planner.
	plan := placement.Make(in)
	in = carriedOut(in, plan)
	r.before = copiesOf(in, plan)
	dir := t.TempDir()
	data, saved := filepath.Join(dir, "data"), filepath.Join(dir, "saved")
	if err := os.WriteFile(data, []byte(hbalData(in)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-t", data, "-S", saved, "--evac-mode"}
	for _, s := range in.ShopSets {
		if s.Cluster == drained {
			args = append(args, "-O", s.Name)
		}
	}
	_, r.drain = execute(t, path, args...)
	balanced, err := os.ReadFile(saved + ".balanced")
	if err != nil {
		t.Fatal(err)
	}
	where := map[string][]string{}
	for _, line := range strings.Split(string(balanced), "\n") {
		if f := strings.Split(line, "|"); len(f) > 8 && f[8] == "drbd" {
			where[f[0]] = []string{f[6], f[7]}
		}
	}
	for _, g := range in.Groups {
		r.after = append(r.after, where[g.Name])
	}
	return r
}
