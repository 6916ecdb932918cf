package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// turn is what a proxy did in one turn.
type turn struct {
	requests    int
	perSecond   float64
	median, p99 time.Duration
	processor   time.Duration
}

// load keeps so many connections busy, each with one request after another, for a while. It speaks
// just enough HTTP to be much lighter than what it measures.
func load(b *testing.B, address string, hosts []string, connections int, span time.Duration) turn {
	b.Helper()
	var wait sync.WaitGroup
	latencies := make([][]time.Duration, connections)
	failures := make(chan error, connections)
	start := time.Now()
	for i := range connections {
		wait.Go(func() {
			var err error
			if latencies[i], err = client(address, hosts[i*len(hosts)/connections:], start.Add(span)); err != nil {
				failures <- err
			}
		})
	}
	wait.Wait()
	elapsed := time.Since(start)
	close(failures)
	for err := range failures {
		b.Fatalf("load on %s: %v", address, err)
	}
	all := slices.Concat(latencies...)
	if len(all) == 0 {
		b.Fatalf("%s answered nothing in %s: this machine is too busy to measure on", address, span)
	}
	slices.Sort(all)
	return turn{requests: len(all), perSecond: float64(len(all)) / elapsed.Seconds(), median: all[len(all)/2], p99: all[len(all)*99/100]}
}

func client(address string, hosts []string, until time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 16<<10)
	var latencies []time.Duration
	var request []byte
	for n := 0; ; n++ {
		start := time.Now()
		if start.After(until) {
			return latencies, nil
		}
		request = fmt.Appendf(request[:0], "GET /items/%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n", n%100, hosts[n%min(len(hosts), 50)])
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		if err := readAnswer(reader); err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(start))
	}
}

func readAnswer(reader *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("answered %q", line)
		}
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer without a length")
	}
	_, err := io.CopyN(io.Discard, reader, int64(length))
	return err
}
