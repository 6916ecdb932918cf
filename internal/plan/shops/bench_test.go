package shops

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// TestManyShops resolves as many shops as SHOPS says, by default 50,000, into 65,536 buckets at most
// and checks what comes out. It prints what it took; it does not fail on time.
func TestManyShops(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("SHOPS"))
	if err != nil {
		n = 50_000
	}
	all := make([]v1alpha1.Shop, n)
	for i := range all {
		all[i] = shop(fmt.Sprintf("shop-%07d", (i*7919)%n), i%100)
	}
	o := fleet(all...)
	o.ShopClasses[0].Spec.Buckets = 65536
	today := routes.Table{}
	for _, round := range []string{"at first", "once more"} {
		heap := alive()
		began := time.Now()
		r := Resolve(o, today)
		took := time.Since(began)
		grown := alive() - heap
		if len(r.Shops) != n || len(r.Findings) != 0 {
			t.Fatalf("%d shops, %d findings", len(r.Shops), len(r.Findings))
		}
		placements := make([]placement.Placement, len(r.Groups))
		shops := 0
		for i, g := range r.Groups {
			placements[i] = placement.Placement{Group: g.Name, ShopSets: []string{"a-1", "b-1"}}
			shops += g.Shops
		}
		if shops != n {
			t.Fatalf("%d shops in groups", shops)
		}
		began = time.Now()
		today = Table(o, r, placements, nil, today)
		t.Logf("%s: %d shops in %d groups resolved in %s with %d MB kept, table in %s",
			round, n, len(r.Groups), took.Round(time.Millisecond), grown>>20, time.Since(began).Round(time.Millisecond))
		if today.Epoch != 1 || len(today.Hosts) != n {
			t.Fatalf("epoch %d, %d hosts", today.Epoch, len(today.Hosts))
		}
		runtime.KeepAlive(r)
	}
}

func alive() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
