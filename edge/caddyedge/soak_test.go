package caddyedge_test

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shopset.dev/shopset/edge/internal/edgetest"
	"shopset.dev/shopset/internal/plan/routes"
)

var soak = flag.Duration("soak", 20*time.Second, "how long the soak test lasts; 10m for the full one")

// Workers of the soak and how long each pauses between two requests.
const (
	soakWorkers = 8
	soakPause   = 40 * time.Millisecond
)

// What may be in use more in the last third than in the first.
const (
	heapGrowth      = 1.2
	heapSlack       = 4 << 20
	goroutinesSlack = 40 // probes and connections come and go
)

// TestSoakWithATableEverySecondKeepsHeapAndGoroutinesFlat is run for ten minutes by
// go test -run Soak -soak 10m -timeout 20m ./caddyedge
func TestSoakWithATableEverySecondKeepsHeapAndGoroutinesFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as -soak says")
	}
	t.Setenv("GOGC", "100") // so that the live heap is seen often
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	tables := edgetest.NewTables(t, blue.Address, green.Address)
	tables.Change(t, func(table *routes.Table) {
		for n := range 20_000 {
			table.Hosts = append(table.Hosts, routes.Host{Name: fmt.Sprintf("host-%05d.example", n), Shop: fmt.Sprintf("shop-%05d", n), Group: "redundant/00"})
		}
	})
	e := edgetest.Start(t, tables.Dir, "--state-dir", t.TempDir())
	e.WaitEpoch(t, tables.Epoch())
	conn, reader := webSocket(t, e, "shop1.example")
	if err := conn.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	var served atomic.Int64
	for worker := range soakWorkers {
		wait.Go(func() { shop(t, e, worker, &served, stop) })
	}
	heap, goroutines := watch(t, e, tables, conn, reader)
	close(stop)
	wait.Wait()
	t.Logf("%d requests and %d tables in %s; live heap %.1f MiB at first and %.1f MiB at last, goroutines %.0f and %.0f",
		served.Load(), tables.Epoch(), *soak, heap[0]/(1<<20), heap[1]/(1<<20), goroutines[0], goroutines[1])
	if heap[1] > heapGrowth*heap[0]+heapSlack {
		t.Errorf("the heap grew from %.0f to %.0f bytes", heap[0], heap[1])
	}
	if goroutines[1] > goroutines[0]+goroutinesSlack {
		t.Errorf("goroutines grew from %.0f to %.0f", goroutines[0], goroutines[1])
	}
}

// watch writes a table every second and measures in between. It returns the live heap and the
// goroutines of the first and of the last third.
func watch(t *testing.T, e *edgetest.Edge, tables *edgetest.Tables, conn net.Conn, reader *bufio.Reader) (heap, goroutines [2]float64) {
	t.Helper()
	var heaps, counts []float64
	next := time.Now()
	for end := time.Now().Add(*soak); time.Now().Before(end); {
		if time.Now().After(next) {
			next = next.Add(time.Second)
			tables.Change(t, func(table *routes.Table) {
				swap(table)
				table.Hosts[len(table.Hosts)-1].Name = fmt.Sprintf("fresh-%d.example", table.Epoch)
			})
			wantEcho(t, conn, reader, fmt.Sprint("table ", tables.Epoch()))
		}
		heaps = append(heaps, e.Metric(t, "go_memstats_heap_alloc_bytes"))
		counts = append(counts, e.Metric(t, "go_goroutines"))
		time.Sleep(100 * time.Millisecond)
	}
	e.WaitEpoch(t, tables.Epoch())
	third := len(heaps) / 3
	// What is live is what is left after a collection: the least of a while.
	heap = [2]float64{slices.Min(heaps[:third]), slices.Min(heaps[2*third:])}
	slices.Sort(counts[:third])
	slices.Sort(counts[2*third:])
	return heap, [2]float64{counts[third/2], counts[2*third+third/2]}
}

// shop keeps asking for what shoppers ask for; none of it may be lost.
func shop(t *testing.T, e *edgetest.Edge, worker int, served *atomic.Int64, stop <-chan struct{}) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(soakPause):
		}
		method := []string{http.MethodGet, http.MethodGet, http.MethodPost, http.MethodHead}[n%4]
		host := fmt.Sprintf("host-%05d.example", (worker*1000+n)%19_000)
		if n%50 == 49 {
			client.CloseIdleConnections()
		}
		a, err := tryAsk(client, e, method, host, "/", nil)
		if err != nil || a.status != http.StatusOK {
			t.Errorf("%s %s: %v, status %d", method, host, err, a.status)
			return
		}
		served.Add(1)
	}
}
