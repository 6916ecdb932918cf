package table

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"shopset.dev/shopset/internal/plan/routes"
)

var epochStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fleet is a table of n shops in n/8 groups on ShopSets a and b.
func fleet(epoch int64, n int) routes.Table {
	t := routes.Table{
		Epoch: epoch,
		ShopSets: []routes.ShopSet{
			{Name: "a", Tier: "prod", State: routes.Active, Addresses: []string{"127.0.0.1:1"}},
			{Name: "b", Tier: "prod", State: routes.Active, Addresses: []string{"127.0.0.1:2"}},
		},
		Classes: []routes.Class{{Name: "standard", RetryPercent: 20}},
	}
	for i := range max(n/8, 1) {
		t.Groups = append(t.Groups, routes.Group{Name: fmt.Sprintf("standard/%04x", i), ShopSets: []string{"a", "b"}})
	}
	for i := range n {
		t.Hosts = append(t.Hosts, routes.Host{Name: host(i), Group: t.Groups[i%len(t.Groups)].Name, Shop: fmt.Sprintf("shop-%06d", i)})
	}
	return t
}

func host(i int) string { return fmt.Sprintf("shop-%06d.shop.example", i) }

func files(t testing.TB, table routes.Table) map[string]string {
	t.Helper()
	encoded, err := routes.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for name, content := range encoded {
		text[name] = string(content)
	}
	return text
}

// bench is a Store whose refusals are counted.
type storeFixture struct {
	*Store
	t       testing.TB
	clock   *clocktesting.FakePassiveClock
	refused map[string]int
	swaps   int
}

func newStore(t testing.TB) *storeFixture {
	f := &storeFixture{t: t, clock: clocktesting.NewFakePassiveClock(epochStart), refused: map[string]int{}}
	f.Store = NewStore(Config{
		Clock: f.clock, Log: slog.New(slog.DiscardHandler),
		Swapped: func(*State) { f.swaps++ }, Refused: func(reason string) { f.refused[reason]++ },
	})
	return f
}

func (f *storeFixture) offer(set map[string]string) time.Duration {
	return f.Offer(Update{Source: "here", Files: set})
}

func (f *storeFixture) epoch() int64 {
	if state := f.State(); state != nil {
		return state.Table.Epoch
	}
	return 0
}

func (f *storeFixture) route(host string) string {
	route, found := f.State().Route(host, f.clock.Now())
	if !found {
		return "unknown"
	}
	return route.Shop + " " + strings.Join(route.ShopSets, ",")
}

func TestABadTableNeverReplacesAGoodOne(t *testing.T) {
	const good = 100
	tests := map[string]struct {
		bad            func(t *testing.T, set map[string]string) // changes epoch 5
		reason, says   string
		onlyAfterGrace bool
	}{
		"torn: a shard is missing": {func(_ *testing.T, set map[string]string) { delete(set, "hosts-0000.txt") },
			Torn, "epoch 5 is incomplete: hosts-0000.txt is missing", true},
		"torn: a shard is the old one": {func(t *testing.T, set map[string]string) {
			set["groups-0000.txt"] = files(t, fleet(1, 8))["groups-0000.txt"]
		},
			Torn, "another SHA-256", true},
		"torn: there is no index": {func(_ *testing.T, set map[string]string) { delete(set, routes.IndexFile) },
			Torn, "SHA256SUMS is missing", true},
		"corrupt: a shard was changed": {func(_ *testing.T, set map[string]string) { set["hosts-0000.txt"] += "x" },
			Torn, "another SHA-256", true},
		"corrupt: the index is no index": {func(_ *testing.T, set map[string]string) { set[routes.IndexFile] = "\x00\x01" },
			Corrupt, "SHA256SUMS line 1", true},
		"corrupt: complete, but a row makes no sense": {func(t *testing.T, set map[string]string) {
			replace(t, set, "groups-0000.txt", "a,b", "a,,b")
		}, Corrupt, "groups-0000.txt line 2: ShopSet \"\" is empty", false},
		"corrupt: a ShopSet that is named is gone": {func(t *testing.T, set map[string]string) {
			replace(t, set, routes.ShopSetsFile, "b prod", "c prod")
		}, Corrupt, "names ShopSet b, which is not in shopsets.txt", false},
		"corrupt: a group that is named is gone": {func(t *testing.T, set map[string]string) {
			replace(t, set, "groups-0000.txt", "standard/0001 a,b\n", "")
		}, Corrupt, "names group standard/0001", false},
		"stale: its epoch is smaller": {func(t *testing.T, set map[string]string) { maps.Copy(set, files(t, fleet(3, good))) },
			Stale, "epoch 3 in here is before epoch 4", false},
		"shrunken: too many hosts are gone": {func(t *testing.T, set map[string]string) { maps.Copy(set, files(t, fleet(5, good/2))) },
			Shrunken, "epoch 5 has 50 hosts, epoch 4, which is in force, has 100", false},
		"empty: no hosts": {func(t *testing.T, set map[string]string) { maps.Copy(set, files(t, fleet(5, 0))) },
			Empty, "epoch 5 has no hosts", false},
		"empty: no files": {func(_ *testing.T, set map[string]string) { clear(set) },
			Empty, "there is no table in here", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newStore(t)
			f.offer(files(t, fleet(4, good)))
			bad := files(t, fleet(5, good+1))
			test.bad(t, bad)
			if again := f.offer(bad); (again > 0) != test.onlyAfterGrace {
				t.Errorf("to be offered again after %v", again)
			}
			if test.onlyAfterGrace {
				if status, _ := f.Status(); f.refused[test.reason] != 0 || status.Waiting == "" {
					t.Errorf("refused at once: %v; waiting for %q", f.refused, status.Waiting)
				}
				f.clock.SetTime(f.clock.Now().Add(Grace))
				f.offer(bad)
			}
			f.offer(bad) // once more is not counted once more
			if diff := cmp.Diff(map[string]int{test.reason: 1}, f.refused); diff != "" {
				t.Error(diff)
			}
			status, _ := f.Status()
			if status.Refused == nil || status.Refused.Reason != test.reason || !strings.Contains(status.Refused.Message, test.says) {
				t.Errorf("got %+v, want %q", status.Refused, test.says)
			}
			if f.epoch() != 4 || f.swaps != 1 || f.route(host(7)) != "shop-000007 a,b" {
				t.Errorf("epoch %d is in force, with %d swaps", f.epoch(), f.swaps)
			}
			f.offer(files(t, fleet(6, good)))
			if status, _ := f.Status(); f.epoch() != 6 || status.Refused != nil || status.Waiting != "" {
				t.Errorf("after a good one: epoch %d, %+v", f.epoch(), status)
			}
		})
	}
}

// replace edits a file and makes its sum anew, as a person would.
func replace(t *testing.T, set map[string]string, name, old, with string) {
	t.Helper()
	before := set[name]
	set[name] = strings.Replace(before, old, with, 1)
	set[routes.IndexFile] = strings.Replace(set[routes.IndexFile], sumOf(before), sumOf(set[name]), 1)
	// The rows are checked first; the comment would only be in the way.
	rows, _, _ := strings.Cut(set[routes.IndexFile][strings.Index(set[routes.IndexFile], "# rows"):], "\n")
	set[routes.IndexFile] = strings.Replace(set[routes.IndexFile], rows+"\n", "", 1)
	if before == set[name] {
		t.Fatalf("%q is not in %s", old, name)
	}
}

func TestFilesThatComeOneByOneAreTakenInTheEnd(t *testing.T) {
	f := newStore(t)
	before, after := files(t, fleet(1, 20_000)), files(t, fleet(2, 20_001))
	f.offer(before)
	mixed := maps.Clone(before)
	for name := range after {
		if again := f.offer(mixed); again > Grace {
			t.Errorf("again after %v", again)
		}
		if f.epoch() != 1 && !maps.Equal(mixed, after) {
			t.Fatalf("epoch %d is in force before it is complete", f.epoch())
		}
		mixed[name] = after[name]
		f.clock.SetTime(f.clock.Now().Add(10 * time.Millisecond))
	}
	f.offer(mixed)
	if f.epoch() != 2 || len(f.refused) != 0 {
		t.Errorf("epoch %d, refused %v", f.epoch(), f.refused)
	}
}

func TestAShrinkCanBeAcknowledged(t *testing.T) {
	acknowledged, carried := fleet(2, 10), fleet(9, 10)
	acknowledged.Shrunk, carried.ShrunkEpoch = true, 2
	again := fleet(3, 1)
	again.ShrunkEpoch = 2
	tests := map[string]struct {
		first, second routes.Table
		want          int64
	}{
		"at this epoch":                    {fleet(1, 100), acknowledged, 2},
		"at one that this edge has missed": {fleet(1, 100), carried, 9},
		"long ago, which is no excuse":     {fleet(3, 100), carried, 3},
		"in the table before":              {carriedFrom(fleet(2, 100), 2), carriedFrom(again, 2), 2},
		"not needed for a few":             {fleet(1, 100), fleet(2, 91), 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newStore(t)
			f.offer(files(t, test.first))
			f.offer(files(t, test.second))
			if f.epoch() != test.want {
				t.Errorf("epoch %d, refused %v", f.epoch(), f.refused)
			}
		})
	}
}

func carriedFrom(t routes.Table, epoch int64) routes.Table {
	t.ShrunkEpoch = epoch
	return t
}

func TestAnEditUnderTheSameEpochIsTakenAndSaid(t *testing.T) {
	f := newStore(t)
	set := files(t, fleet(4, 100))
	f.offer(set)
	edited := maps.Clone(set)
	replace(t, edited, "groups-0000.txt", "standard/0007 a,b", "standard/0007 b,a")
	f.offer(edited)
	if got := f.route(host(7)); got != "shop-000007 b,a" {
		t.Errorf("got %s", got)
	}
	if status, _ := f.Status(); !strings.Contains(status.Notice, "epoch 4 has been edited") {
		t.Errorf("notice %q", status.Notice)
	}
	f.offer(files(t, fleet(5, 100)))
	if status, _ := f.Status(); status.Notice != "" {
		t.Errorf("notice %q about an older table", status.Notice)
	}
}

func TestWhatHasNotChangedIsShared(t *testing.T) {
	f := newStore(t)
	first := fleet(1, 20_000)
	f.offer(files(t, first))
	before := f.State().Table
	second := fleet(2, 20_000)
	second.Hosts[3].Shop = "renamed"
	second.Groups[5].ShopSets = []string{"b"}
	f.offer(files(t, second))
	after := f.State().Table
	shared := 0
	for i := range after.hosts {
		if after.hosts[i] == before.hosts[i] {
			shared++
		}
	}
	if len(after.hosts) < 4 || shared != len(after.hosts)-1 {
		t.Errorf("%d of %d shards of hosts are shared", shared, len(after.hosts))
	}
	if got := f.route(host(3)); got != "renamed a,b" {
		t.Errorf("got %s", got)
	}
	if got := f.route(host(5)); got != "shop-000005 b" {
		t.Errorf("got %s", got)
	}
}

func TestEveryHostIsFound(t *testing.T) {
	const n = 30_000
	f := newStore(t)
	f.offer(files(t, fleet(1, n)))
	for i := range n {
		if group, shop, found := f.State().Table.Host(host(i)); !found || shop != fmt.Sprintf("shop-%06d", i) || group != fmt.Sprintf("standard/%04x", i%(n/8)) {
			t.Fatalf("%s: %s %s %v", host(i), group, shop, found)
		}
	}
	for _, name := range []string{"", "shop-", "shop-000001", host(n), "shop-000001.shop.example standard", "# host group"} {
		if _, _, found := f.State().Table.Host(name); found {
			t.Errorf("%q is found", name)
		}
	}
}

func TestOverridesWinUntilTheyExpire(t *testing.T) {
	f := newStore(t)
	set := files(t, fleet(1, 100))
	override := `standard/0001 b          2026-01-02T03:10:00Z taro  group
shop-000001.shop.example     a          2026-01-02T03:06:00Z taro  host
shopset:a     b,a,gone   2026-01-02T04:00:00Z jiro  everything of a
shop-999999.shop.example a   2026-01-02T04:00:00Z jiro  nobody
standard/0002 gone       2026-01-02T04:00:00Z jiro  nowhere
`
	offer := func(text string) { f.Offer(Update{Source: "here", Files: set, Override: text}) }
	offer(override)
	at := func(clock, host, want string) {
		t.Helper()
		now, err := time.Parse(time.RFC3339, "2026-01-02T"+clock+"Z")
		if err != nil {
			t.Fatal(err)
		}
		f.clock.SetTime(now)
		if got := f.route(host); !strings.HasSuffix(got, " "+want) {
			t.Errorf("at %s %s goes to %s, want %s", clock, host, got, want)
		}
	}
	at("03:05:00", host(1), "a")   // that of the host
	at("03:06:00", host(1), "b")   // that of the group, to the second
	at("03:10:00", host(1), "b,a") // that of the ShopSet
	at("03:10:00", host(2), "b,a") // that of the ShopSet, for the one of its group is void
	at("03:10:00", host(3), "b,a")
	at("04:00:00", host(1), "a,b") // none any more

	f.clock.SetTime(epochStart)
	_, list := f.Status()
	var problems []string
	for _, row := range list {
		problems = append(problems, row.Problem)
	}
	want := []string{"", "", "the table has no ShopSet gone: the rest of the row is in force",
		"shop-999999.shop.example is not in the table: the row has no effect", "the table has no ShopSet gone: the row has no effect"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	if n := f.State().Overrides.InForce(f.clock.Now()); n != 4 {
		t.Errorf("%d rows in force", n)
	}

	offer("nonsense")
	offer("nonsense")
	if f.refused[BadRow] != 1 || !strings.HasSuffix(f.route(host(3)), " b,a") {
		t.Errorf("a bad table of overrides: refused %v, %s", f.refused, f.route(host(3)))
	}
	offer("")
	if got := f.route(host(3)); got != "shop-000003 a,b" {
		t.Errorf("after the overrides were deleted: %s", got)
	}
	if status, _ := f.Status(); status.Refused != nil {
		t.Errorf("still refused: %+v", status.Refused)
	}
}

func TestCountersOfOverridesOutliveATable(t *testing.T) {
	f := newStore(t)
	const override = "shopset:a b 2026-01-02T04:00:00Z taro why\n"
	f.Offer(Update{Source: "here", Files: files(t, fleet(1, 100)), Override: override})
	route, _ := f.State().Route(host(1), f.clock.Now())
	route.Override.Count()
	f.Offer(Update{Source: "here", Files: files(t, fleet(2, 100)), Override: override})
	route, _ = f.State().Route(host(1), f.clock.Now())
	route.Override.Count()
	if _, list := f.Status(); list[0].Requests != 2 {
		t.Errorf("%d requests, want 2", list[0].Requests)
	}
}
