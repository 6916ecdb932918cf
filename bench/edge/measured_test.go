package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/edge/table"
)

// TestMeasured is the program that the benchmarks measure; by itself it does nothing.
func TestMeasured(t *testing.T) {
	loads, err := strconv.Atoi(os.Getenv(loadsVariable))
	if err != nil {
		t.Skip("run by the benchmarks")
	}
	out := json.NewEncoder(os.Stdout)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var began moment
	n := 0
	store := table.NewStore(table.Config{Clock: clock.RealClock{}, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), Swapped: func(s *table.State) {
		r := report{Epoch: s.Table.Epoch, Took: time.Since(began.wall), Computed: processorTime() - began.computed, Resident: peak(t), Problem: check(s)}
		if err := out.Encode(r); err != nil {
			t.Error(err)
		}
		if n++; n == loads {
			cancel()
		}
	}})
	began = now()
	if err := store.Run(ctx, timed{Source: source(t), began: &began}); err != nil {
		t.Error(err)
	}
}

func source(t *testing.T) table.Source {
	if folder := os.Getenv(folderVariable); folder != "" {
		return &table.Dir{Path: folder, Clock: clock.RealClock{}}
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv(kubeconfigVariable))
	if err != nil {
		t.Fatal(err)
	}
	config.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &table.Kube{Client: client, Namespace: os.Getenv(namespaceVariable)}
}

// timed restarts the clock with each update that arrives; the first counts from the start, with the
// reading of all files.
type timed struct {
	table.Source
	began *moment
}

// moment is a time by the clock and by what this program has computed.
type moment struct {
	wall     time.Time
	computed time.Duration
}

func now() moment { return moment{wall: time.Now(), computed: processorTime()} }

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (s timed) Run(ctx context.Context, offer func(table.Update), trouble func(error)) error {
	first := true
	return s.Source.Run(ctx, func(u table.Update) {
		if !first {
			*s.began = now()
		}
		first = false
		offer(u)
	}, trouble)
}

// check looks up a thousandth of all hosts.
func check(s *table.State) string {
	if s.Table.Rows.Hosts != hosts || s.Table.Rows.Groups != groups {
		return "rows: " + s.Table.Rows.String()
	}
	for range hosts / 1000 {
		i := rand.IntN(hosts)
		route, found := s.Route(host(i), time.Now())
		if !found || route.Group != fmt.Sprintf("standard/%04x", i%groups) || len(route.ShopSets) != 2 {
			return fmt.Sprintf("%s: %+v", host(i), route)
		}
	}
	return ""
}

// peak is the highest resident memory of this program so far.
func peak(t *testing.T) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("no /proc on this system: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
