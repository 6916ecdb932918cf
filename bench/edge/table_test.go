package edge

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
)

const (
	hosts, groups, shopSets = 1_000_000, 65_536, 1000

	mostLoad   = 3 * time.Second
	mostMemory = 300 << 20

	// These make this program, run anew, the one whose memory is measured.
	folderVariable     = "BENCH_EDGE_TABLE_FOLDER"
	kubeconfigVariable = "BENCH_EDGE_TABLE_KUBECONFIG"
	namespaceVariable  = "BENCH_EDGE_TABLE_NAMESPACE"
	loadsVariable      = "BENCH_EDGE_TABLE_LOADS"
)

// million is a table of that many hosts.
func million(epoch int64) routes.Table {
	t := routes.Table{
		Epoch: epoch, Hosts: make([]routes.Host, hosts), Groups: make([]routes.Group, groups), ShopSets: make([]routes.ShopSet, shopSets),
		Classes: []routes.Class{{Name: "standard", RatePerSecond: 50, RetryPercent: 20, ConnectMillis: 500, ResponseMillis: 30_000}},
	}
	for i := range t.ShopSets {
		t.ShopSets[i] = routes.ShopSet{
			Name: fmt.Sprintf("shopset-%04d", i), Tier: "prod", Cluster: fmt.Sprintf("cluster-%02d", i%100), Domain: fmt.Sprintf("onprem/site-%d/cluster-%02d", i%10, i%100),
			State: routes.Active, Addresses: []string{fmt.Sprintf("10.0.%d.%d:80", i/250, i%250+1)},
		}
	}
	for i := range t.Groups {
		t.Groups[i] = routes.Group{Name: fmt.Sprintf("standard/%04x", i), ShopSets: []string{t.ShopSets[i%shopSets].Name, t.ShopSets[(i+37)%shopSets].Name}}
	}
	for i := range t.Hosts {
		t.Hosts[i] = routes.Host{Name: host(i), Group: t.Groups[i%groups].Name, Shop: fmt.Sprintf("shop-%06d", i)}
	}
	return t
}

func host(i int) string { return fmt.Sprintf("shop-%06d.shop.example", i) }

func write(b *testing.B, folder string, t routes.Table, layout routes.Layout) routes.Layout {
	b.Helper()
	files, err := routes.EncodeLike(t, layout)
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range files {
		// As a new file, so that nobody reads a half of it.
		if err := os.WriteFile(filepath.Join(folder, name+".new"), content, 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Rename(filepath.Join(folder, name+".new"), filepath.Join(folder, name)); err != nil {
			b.Fatal(err)
		}
	}
	return routes.LayoutOf(files)
}

// report is one line that the measured program prints.
type report struct {
	Epoch    int64
	Took     time.Duration // from the files to the table in force
	Computed time.Duration // processor time of that
	Resident int64         // the highest so far, in bytes
	Problem  string
}

// measured is a program that keeps a table and reports each that comes into force.
type measured struct {
	b       *testing.B
	command *exec.Cmd
	lines   *json.Decoder
}

func measure(b *testing.B, loads int, environment ...string) *measured {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0], "-test.run=TestMeasured$")
	child.Env = append(os.Environ(), append(environment, loadsVariable+"="+strconv.Itoa(loads))...)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	return &measured{b: b, command: child, lines: json.NewDecoder(output)}
}

// next waits for the next table and compares what it cost with what it may.
func (m *measured) next(what string, epoch int64) {
	m.b.Helper()
	var r report
	if err := m.lines.Decode(&r); err != nil {
		m.b.Fatalf("%s: %v", what, err)
	}
	m.b.Logf("%-22s %6d ms, %6d ms of processor time, %4d MB at most so far", what, r.Took.Milliseconds(), r.Computed.Milliseconds(), r.Resident>>20)
	// Processor time, for others may use this machine too; nothing here waits for anything else.
	if r.Problem != "" || r.Computed > mostLoad || r.Resident > mostMemory || r.Epoch != epoch {
		m.b.Errorf("%s: %+v; want epoch %d within %v and %d MB", what, r, epoch, mostLoad, mostMemory>>20)
	}
}

func (m *measured) end() {
	if err := m.command.Wait(); err != nil {
		m.b.Errorf("the measured program: %v", err)
	}
}

// BenchmarkTable loads a million hosts in a program of its own, then changes a shard, all of table B,
// and then every single row of A.
func BenchmarkTable(b *testing.B) {
	folder := b.TempDir()
	t := million(1)
	layout := write(b, folder, t, routes.Layout{})
	for range b.N {
		m := measure(b, 4, folderVariable+"="+folder)
		m.next("the first load", t.Epoch)
		renameOne(&t)
		write(b, folder, t, layout)
		m.next("one host changed", t.Epoch)
		swapGroups(&t)
		write(b, folder, t, layout)
		m.next("every group changed", t.Epoch)
		t.Epoch++
		for i := range t.Hosts {
			t.Hosts[i].Shop = fmt.Sprintf("shop-%d-%06d", t.Epoch%7, i)
		}
		write(b, folder, t, layout)
		m.next("every host changed", t.Epoch)
		m.end()
	}
}

func renameOne(t *routes.Table) {
	t.Epoch++
	t.Hosts[7].Shop = fmt.Sprint("renamed-", t.Epoch)
}

func swapGroups(t *routes.Table) {
	t.Epoch++
	for i := range t.Groups {
		t.Groups[i].ShopSets = []string{t.Groups[i].ShopSets[1], t.Groups[i].ShopSets[0]}
	}
}
