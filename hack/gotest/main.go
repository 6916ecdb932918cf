// Command gotest runs the tests of several Go modules, one after the other, and closes with a
// count of what really ran:
//
//	gotest <module folder>...
//
// It shows what `go test` shows, reads its machine-readable results (go test -json) and ends
// non-zero if anything failed. A test with subtests is not counted itself; a package that
// cannot be built or dies counts as one failure.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	total := newTally()
	broken := false
	for _, module := range os.Args[1:] {
		if err := run(module, total, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "testing module %s: %v\n", module, err)
			broken = true
		}
	}
	passed, failed, skipped := total.count()
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if broken || failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

// run tests one module. Its error is that go test itself ended non-zero.
func run(module string, total *tally, out io.Writer) error {
	fmt.Fprintf(out, "== module %s\n", module)
	command := exec.Command("go", "test", "-json", "-p", "2", "-timeout", "30m", "./...")
	command.Dir = module
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("opening the results: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			// Not every line is a result: the go command has messages of its own.
			fmt.Fprintln(out, lines.Text())
			continue
		}
		total.add(e, out)
	}
	return errors.Join(lines.Err(), command.Wait())
}

// event is one line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// name of a test in all modules; Test is empty for the package itself.
type name struct{ pkg, test string }

// tally collects results and shows what people want to see of them: a line for each package,
// and all that failing and skipped tests said.
type tally struct {
	results map[name]string
	said    map[name][]string
}

func newTally() *tally {
	return &tally{results: make(map[name]string), said: make(map[name][]string)}
}

func (t *tally) add(e event, out io.Writer) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output":
		if e.Test != "" {
			t.said[n] = append(t.said[n], e.Output)
		} else if line := e.Output; !strings.Contains(line, "[no test files]") && line != "PASS\n" {
			fmt.Fprint(out, line)
		}
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" && e.Action == "skip" {
			return // a package without tests
		}
		t.results[n] = e.Action
		if e.Test != "" && e.Action != "pass" {
			fmt.Fprint(out, strings.Join(t.said[n], ""))
		}
		delete(t.said, n)
	}
}

// count gives the number of tests without subtests by result. A parent counts only if it
// failed although no subtest did, and a package if it failed although no test did.
func (t *tally) count() (passed, failed, skipped int) {
	hasParts, partFailed := make(map[name]bool), make(map[name]bool)
	for n, result := range t.results {
		for whole := n.whole(); whole != n; n, whole = whole, whole.whole() {
			hasParts[whole] = true
			partFailed[whole] = partFailed[whole] || result == "fail"
		}
	}
	for n, result := range t.results {
		switch {
		case result == "fail" && !partFailed[n]:
			failed++
		case n.test == "" || hasParts[n]:
		case result == "pass":
			passed++
		case result == "skip":
			skipped++
		}
	}
	return passed, failed, skipped
}

// whole is the test that a subtest is part of, or the package that a test is part of; a
// package is its own.
func (n name) whole() name {
	at := max(strings.LastIndex(n.test, "/"), 0)
	return name{n.pkg, n.test[:at]}
}
