package routing_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/demo/routing"
)

func table(epoch int64, groups map[string][]string) routes.Table {
	t := routes.Table{Epoch: epoch}
	for name, shopSets := range groups {
		t.Groups = append(t.Groups, routes.Group{Name: name, ShopSets: shopSets})
	}
	return t
}

func TestBetween(t *testing.T) {
	for name, test := range map[string]struct {
		before, after map[string][]string
		moved         map[string]int
		switched      []string
	}{
		"nothing": {map[string][]string{"r/0": {"a", "b"}}, map[string][]string{"r/0": {"a", "b"}}, map[string]int{}, nil},
		"the standby serves": {
			map[string][]string{"r/0": {"a", "b"}}, map[string][]string{"r/0": {"b", "a"}}, map[string]int{}, []string{"r/0"},
		},
		"one copy moves": {
			map[string][]string{"r/0": {"a", "b"}}, map[string][]string{"r/0": {"c", "b"}}, map[string]int{"r/0": 1}, nil,
		},
		"both move, and a copy is lost": {
			map[string][]string{"r/0": {"a", "b"}, "r/1": {"a", "b"}}, map[string][]string{"r/0": {"c", "d"}, "r/1": {"a"}}, map[string]int{"r/0": 2}, nil,
		},
		"a group that is new": {map[string][]string{}, map[string][]string{"r/0": {"a"}}, map[string]int{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := routing.Between(table(1, test.before), table(2, test.after))
			if diff := cmp.Diff(routing.Moves{Moved: test.moved, Switched: test.switched}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHoldingAndDifferences(t *testing.T) {
	a := table(1, map[string][]string{"r/0": {"a", "b"}, "r/1": {"b", "a"}, "s/0": {"b"}})
	if serves, holds := routing.Holding(a, "a"); serves != 1 || holds != 2 {
		t.Errorf("a serves %d and holds %d, want 1 and 2", serves, holds)
	}
	b := table(2, map[string][]string{"r/0": {"a", "b"}, "r/1": {"a", "b"}, "t/0": {"a"}})
	if diff := cmp.Diff([]string{"r/1 was on b,a and is on a,b", "s/0 was on b and is on ", "t/0 was nowhere and is on a"}, routing.Differences(a, b)); diff != "" {
		t.Error(diff)
	}
}

func TestARecordCountsWhatIsMovedToAndFro(t *testing.T) {
	tables := []routes.Table{
		table(1, map[string][]string{"s/0": {"b"}}),
		table(2, map[string][]string{"s/0": {"a"}}),
		table(3, map[string][]string{"s/0": {"b"}}),
	}
	var reads atomic.Int64
	now := func() routes.Table { return tables[min(int(reads.Load())/3, len(tables)-1)] }
	record := routing.Watch(t.Context(), clock.RealClock{}, routing.Source{
		Epoch: func(context.Context) (int64, error) { reads.Add(1); return now().Epoch, nil },
		Table: func(context.Context) (routes.Table, error) {
			if reads.Load() == 3 {
				return routes.Table{}, errors.New("torn")
			}
			return now(), nil
		},
	})
	t.Cleanup(record.Stop)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if last, ok := record.Last(); ok && last.Table.Epoch == 3 {
			break
		}
	}
	all := record.Since(time.Time{})
	if len(all) != 3 {
		t.Fatalf("%d tables were seen, want 3", len(all))
	}
	if sum := routing.Sum(all); sum.Total() != 2 || sum.Moved["s/0"] != 2 {
		t.Errorf("moves %v, want two of s/0", sum.Moved)
	}
	if since := record.Since(all[1].At); len(since) != 2 || since[0].Table.Epoch != 2 {
		t.Errorf("since the second: %d tables", len(since))
	}
}
