package routes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func small() Table {
	return Table{
		Epoch: 7,
		Hosts: []Host{
			{Name: "hoge.shop.example", Group: "standard/0a", Shop: "hoge"},
			{Name: "fuga.shop.example", Group: "standard/0b", Shop: "fuga"},
			{Name: "xn--mller-kva.example", Group: "gold/@mueller", Shop: "mueller"},
		},
		Groups: []Group{
			{Name: "gold/@mueller", ShopSets: []string{"b-1", "a-2"}},
			{Name: "standard/0a", ShopSets: []string{"a-2"}},
			{Name: "standard/0b", ShopSets: []string{"a-2", "b-1"}},
		},
		ShopSets: []ShopSet{
			{Name: "a-2", Tier: "prod", Cluster: "a", Domain: "onprem/tokyo/a", State: Active, Addresses: []string{"127.0.0.5:8080", "[::1]:80"}},
			{Name: "b-1", Tier: "prod", State: Drained},
		},
		Classes: []Class{
			{Name: "gold", RatePerSecond: 50, Burst: 100, MaxInFlight: 64, RetryPercent: 20, ConnectMillis: 500, ResponseMillis: 30000},
			{Name: "standard"},
		},
	}
}

// large has n hosts in shuffled order.
func large(n int) Table {
	t := Table{Epoch: 1, ShopSets: small().ShopSets, Classes: small().Classes}
	for i := range max(n/16, 1) {
		t.Groups = append(t.Groups, Group{Name: fmt.Sprintf("standard/%04x", i), ShopSets: []string{"a-2", "b-1"}})
	}
	for i := range n {
		t.Hosts = append(t.Hosts, Host{Name: fmt.Sprintf("shop-%06d.shop.example", i), Group: t.Groups[i%len(t.Groups)].Name, Shop: fmt.Sprintf("shop-%06d", i)})
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { t.Hosts[i], t.Hosts[j] = t.Hosts[j], t.Hosts[i] })
	return t
}

func encode(t *testing.T, table Table) map[string][]byte {
	t.Helper()
	files, err := Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesAreForPeople(t *testing.T) {
	files := encode(t, small())
	want := map[string]string{
		"hosts-0000.txt": `# host group shop
fuga.shop.example standard/0b fuga
hoge.shop.example standard/0a hoge
xn--mller-kva.example gold/@mueller mueller
`,
		"groups-0000.txt": `# group shopset[,shopset...] (the serving one first)
gold/@mueller b-1,a-2
standard/0a a-2
standard/0b a-2,b-1
`,
		"shopsets.txt": `# name tier cluster domain state address[,address...]
a-2 prod a onprem/tokyo/a Active 127.0.0.5:8080,[::1]:80
b-1 prod - - Drained -
`,
		"classes.txt": `# name setting=value...
gold rate=50 burst=100 in-flight=64 retry-percent=20 connect=500ms response=30s
standard retry-percent=0
`,
	}
	got := map[string]string{}
	for name, content := range files {
		if name != IndexFile {
			got[name] = string(content)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(string(files[IndexFile]), "# epoch 7\n# rows hosts=3 groups=3 shopsets=2 classes=2\n") {
		t.Errorf("the index begins otherwise:\n%s", files[IndexFile])
	}
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	shrunk := small()
	shrunk.Shrunk, shrunk.ShrunkEpoch = true, shrunk.Epoch
	carried := small()
	carried.ShrunkEpoch = 3
	for name, table := range map[string]Table{
		"a small table": small(), "an acknowledged shrink": shrunk, "one acknowledged before": carried,
		"20,000 hosts": large(20_000), "nothing at all": {Epoch: 1},
	} {
		t.Run(name, func(t *testing.T) {
			files := encode(t, table)
			got, err := Decode(files)
			if err != nil {
				t.Fatal(err)
			}
			if d := Diff(table, got); !d.Empty() {
				t.Errorf("other rows: %+v", d)
			}
			if got.Epoch != table.Epoch || got.Shrunk != table.Shrunk || got.ShrunkEpoch != table.ShrunkEpoch {
				t.Errorf("got epoch %d shrunk %v at %d", got.Epoch, got.Shrunk, got.ShrunkEpoch)
			}
			again := encode(t, got)
			if diff := cmp.Diff(files, again); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnchangedShardsAreByteIdentical(t *testing.T) {
	table := large(40_000)
	before := encode(t, table)
	table.Hosts = append(table.Hosts, Host{Name: "one-more.example", Group: table.Groups[0].Name, Shop: "one-more"})
	after, err := EncodeLike(table, LayoutOf(before))
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, name := range sortedNames(after) {
		if string(before[name]) != string(after[name]) {
			changed = append(changed, name)
		}
	}
	layout := LayoutOf(after)
	want := []string{IndexFile, shardFile(hostsTable, ShardOf("one-more.example", layout.Hosts))}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Error(diff)
	}
	if layout.Hosts < 8 {
		t.Errorf("%d shards for 40,000 hosts", layout.Hosts)
	}
}

func TestTheNumberOfShardsDoesNotFlip(t *testing.T) {
	flips, shards := 0, shardsFor(4<<20, 0)
	for i := range 1000 {
		size := 4<<20 + (i%2)*(1<<20) - (i%3)*(1<<19)
		if now := shardsFor(size, shards); now != shards {
			flips, shards = flips+1, now
		}
	}
	if flips > 1 {
		t.Errorf("%d changes of layout while the size went up and down by a fifth", flips)
	}
	for size := range 400 {
		n := shardsFor(size<<20, 0)
		if !powerOfTwo(n) || size<<20/n > aim {
			t.Errorf("%d MiB: %d shards", size, n)
		}
		if again := shardsFor(size<<20, n); again != n {
			t.Errorf("%d MiB: %d shards become %d", size, n, again)
		}
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	tests := map[string]struct {
		change func(*Table)
		want   string
	}{
		"a host of a group that is not there": {func(t *Table) { t.Hosts[0].Group = "standard/ff" }, "names group standard/ff"},
		"a group of a ShopSet that is not there": {func(t *Table) { t.Groups[0].ShopSets = []string{"gone"} },
			"names ShopSet gone, which is not in shopsets.txt"},
		"a group without ShopSets":     {func(t *Table) { t.Groups[0].ShopSets = nil }, "is not of the form"},
		"a host twice":                 {func(t *Table) { t.Hosts[1] = t.Hosts[0] }, "is there twice"},
		"a host that is not a host":    {func(t *Table) { t.Hosts[0].Name = "a..b" }, "a label is empty"},
		"a host that is not normal":    {func(t *Table) { t.Hosts[0].Name = "Hoge.example" }, "write hoge.example"},
		"a name with a blank":          {func(t *Table) { t.Hosts[0].Shop = "ho ge" }, "is not of the form"},
		"a line break in a name":       {func(t *Table) { t.ShopSets[0].Domain = "x\ny" }, "is not of the form"},
		"a state that nobody knows":    {func(t *Table) { t.ShopSets[0].State = "Tired" }, "is neither Active nor Drained"},
		"an address without a port":    {func(t *Table) { t.ShopSets[0].Addresses = []string{"10.0.0.1"} }, "is not host:port"},
		"a group that names no class":  {func(t *Table) { t.Groups[0].Name = "standard" }, "is not <class>/<bucket>"},
		"too many rows for one file":   {func(t *Table) { t.ShopSets = many(4000) }, "more than 204800"},
		"a limit below nothing":        {func(t *Table) { t.Classes[0].Burst = -1 }, "is no number between"},
		"an epoch below nothing":       {func(t *Table) { t.Epoch = -4 }, "no number"},
		"a ShopSet twice in one group": {func(t *Table) { t.Groups[0].ShopSets = []string{"b-1", "a-2", "b-1"} }, "is named twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			table := small()
			test.change(&table)
			_, err := Encode(table)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func many(n int) []ShopSet {
	list := small().ShopSets
	for i := range n {
		list = append(list, ShopSet{Name: fmt.Sprintf("shopset-with-a-long-name-%05d", i), Tier: "prod", Cluster: "c", Domain: "a/b/c", State: Active, Addresses: []string{"10.0.0.1:8080"}})
	}
	return list
}

func TestSucceed(t *testing.T) {
	before := small()
	before.ShrunkEpoch = 2
	same, changed := Succeed(before, small(), false)
	if changed || same.Epoch != before.Epoch {
		t.Errorf("an equal table became epoch %d", same.Epoch)
	}
	next := small()
	next.Groups = slices.Clone(next.Groups)
	next.Groups[0] = Group{Name: "gold/@mueller", ShopSets: []string{"a-2", "b-1"}}
	after, changed := Succeed(before, next, true)
	if !changed || after.Epoch != 8 || after.Shrunk || after.ShrunkEpoch != 2 {
		t.Errorf("got epoch %d, shrunk %v at %d", after.Epoch, after.Shrunk, after.ShrunkEpoch)
	}
	big := large(1000)
	fewer := large(1000)
	fewer.Hosts = fewer.Hosts[:500]
	if after, _ := Succeed(big, fewer, true); !after.Shrunk || after.ShrunkEpoch != 2 {
		t.Errorf("the shrink is not acknowledged: %v at %d", after.Shrunk, after.ShrunkEpoch)
	}
}

func TestShrinks(t *testing.T) {
	tests := map[string]struct {
		before, after int
		want          bool
	}{
		"more hosts":                            {100, 200, false},
		"a tenth of many":                       {1000, 900, false},
		"more than a tenth of many":             {1000, 899, true},
		"all of a few, as when a test ends":     {10, 1, false},
		"eleven of twelve":                      {12, 1, true},
		"a table that has become empty of many": {1_000_000, 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Shrinks(test.before, test.after); got != test.want {
				t.Errorf("Shrinks(%d, %d) = %v", test.before, test.after, got)
			}
		})
	}
}
