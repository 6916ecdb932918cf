package caddyedge_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/edge/internal/edgetest"
	"shopset.dev/shopset/internal/plan/routes"
)

var errNotYet = errors.New("not yet")

// swap exchanges the serving ShopSet and the standby of every group.
func swap(table *routes.Table) {
	for i := range table.Groups {
		if group := &table.Groups[i]; len(group.ShopSets) > 1 {
			group.ShopSets = []string{group.ShopSets[1], group.ShopSets[0]}
		}
	}
}

// webSocket opens an upgraded connection for a host.
func webSocket(t *testing.T, e *edgetest.Edge, host string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", e.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, upgrade(t, conn, host)
}

// upgrade makes a WebSocket of a connection to the edge.
func upgrade(t *testing.T, conn net.Conn, host string) *bufio.Reader {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", host)
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Backend") != "blue" {
		t.Fatalf("got %s from %q, want 101 from blue", res.Status, res.Header.Get("Backend"))
	}
	return reader
}

func wantEcho(t *testing.T, conn net.Conn, reader *bufio.Reader, line string) {
	t.Helper()
	fmt.Fprintln(conn, line)
	got, err := reader.ReadString('\n')
	if err != nil || strings.TrimSpace(got) != line {
		t.Fatalf("the WebSocket answered %q, %v; want %q", got, err, line)
	}
}

func TestAWebSocketSurvivesTableUpdates(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	tables := edgetest.NewTables(t, blue.Address, green.Address)
	e := edgetest.Start(t, tables.Dir)
	conn, reader := webSocket(t, e, "shop1.example")
	for n := range 5 {
		wantEcho(t, conn, reader, fmt.Sprint("before ", n))
		tables.Change(t, swap)
		e.WaitEpoch(t, tables.Epoch())
		wantEcho(t, conn, reader, fmt.Sprint("after ", n))
	}
	// Its ShopSet is not in the table at all any more; the connection is left alone.
	tables.Change(t, func(table *routes.Table) {
		table.ShopSets = table.ShopSets[1:]
		table.Groups = []routes.Group{{Name: "redundant/00", ShopSets: []string{"green"}}, {Name: "single/00", ShopSets: []string{"green"}}}
		table.Shrunk = true
	})
	e.WaitEpoch(t, tables.Epoch())
	wantEcho(t, conn, reader, "and still")
}

func TestALongUploadSurvivesTableUpdatesAndTheAnswerTimeout(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	tables := edgetest.NewTables(t, blue.Address, green.Address).Impatient(t, 800)
	e := edgetest.Start(t, tables.Dir)

	// Longer than the class's 800 ms to the first byte of an answer, which begin when the upload ends.
	const parts, size = 20, 100_000
	body, writer := io.Pipe()
	sum := sha256.New()
	go func() {
		for n := range parts {
			part := strings.Repeat(string(rune('a'+n)), size)
			fmt.Fprint(io.MultiWriter(writer, sum), part)
			if n%4 == 0 {
				tables.Change(t, swap)
			}
			time.Sleep(100 * time.Millisecond)
		}
		writer.Close()
	}()
	a := ask(t, newClient(t), e, "POST", "shop1.example", "/", body)
	wantStatus(t, a, http.StatusOK)
	want := fmt.Sprintf("POST blue %d %x\n", parts*size, sum.Sum(nil))
	if a.body != want {
		t.Errorf("got %q, want %q", a.body, want)
	}
}

func TestUploadsAreStreamed(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	before := e.Metric(t, "process_resident_memory_bytes")
	const size = 512 << 20
	a := ask(t, newClient(t), e, "PUT", "single.example", "/", io.LimitReader(zeros{}, size))
	wantStatus(t, a, http.StatusOK)
	if !strings.HasPrefix(a.body, fmt.Sprintf("PUT blue %d ", size)) {
		t.Fatalf("got %q", a.body)
	}
	if grown := e.Metric(t, "process_resident_memory_bytes") - before; grown > 100<<20 {
		t.Errorf("an upload of %d MiB made the edge grow by %.0f MiB", size>>20, grown/(1<<20))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestADrainFinishesWhatIsInFlight(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir, "--drain", "20s")
	client := newClient(t)
	type outcome struct {
		answer
		err error
	}
	done := make(chan outcome, 20)
	for range cap(done) {
		go func() {
			a, err := tryAsk(client, e, "GET", "single.example", "/slow?2s", nil)
			done <- outcome{a, err}
		}()
	}
	edgetest.Eventually(t, "all requests are in flight", func() error {
		if int(blue.Hits.Load()) < cap(done) {
			return errNotYet
		}
		return nil
	})
	e.Terminate(t)
	edgetest.Eventually(t, "new connections are refused", func() error {
		conn, err := net.Dial("tcp", e.HTTP)
		if err != nil {
			return nil
		}
		conn.Close()
		return errNotYet
	})
	for range cap(done) {
		if got := <-done; got.err != nil || got.status != http.StatusOK || got.body != "slow" {
			t.Errorf("a request in flight got %v, %d %q", got.err, got.status, got.body)
		}
	}
	select {
	case <-e.Exited():
	case <-time.After(30 * time.Second):
		t.Fatal("the edge does not end")
	}
	if code := e.ExitCode(); code != 0 {
		t.Errorf("the edge ended with code %d", code)
	}
}

func TestADrainHasAnEnd(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir, "--drain", "1s")
	go func() { _, _ = tryAsk(newClient(t), e, "GET", "single.example", "/hang", nil) }()
	edgetest.Eventually(t, "the request is in flight", func() error {
		if blue.Hits.Load() == 0 {
			return errNotYet
		}
		return nil
	})
	conn, reader := webSocket(t, e, "single.example")
	e.Terminate(t)
	select {
	case <-e.Exited():
	case <-time.After(30 * time.Second):
		t.Fatal("the edge waits for a request that never ends")
	}
	if _, err := io.ReadAll(reader); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the WebSocket ended with %v", err)
	}
	conn.Close()
}
