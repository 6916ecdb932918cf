package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	tick = 100 * time.Millisecond
	// suspectAfter is how long answers may be awaited from a ShopSet that gives none, before it is
	// probed out of turn, for at most suspectTimeout. Together with a tick that is less than a second.
	suspectAfter   = 250 * time.Millisecond
	suspectTimeout = 400 * time.Millisecond
	// jitter keeps edges from probing in step.
	jitter = 0.1
	// bodyRead of an answer is read, so that the server sees an orderly end.
	bodyRead = 64 << 10
)

// prober asks addresses whether they serve.
type prober struct {
	path    string
	client  *http.Client
	suspect *sync.Map // *Target → struct{}: is being probed out of turn
}

func newProber(path string) prober {
	transport := &http.Transport{
		// A connection that is open already says little of whether the next one would come about.
		DisableKeepAlives: true,
		Proxy:             nil,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return prober{path: path, client: client, suspect: &sync.Map{}}
}

func (p prober) close() { p.client.CloseIdleConnections() }

// begin is true for the one who may probe a Target out of turn.
func (p prober) begin(t *Target) bool {
	_, busy := p.suspect.LoadOrStore(t, struct{}{})
	return !busy
}

// ask gets the path from one address; a status below 500 is good.
func (p prober) ask(ctx context.Context, hostPort string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+hostPort+p.path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "shopset-edge-probe")
	response, err := p.client.Do(request)
	if err != nil {
		var timeout interface{ Timeout() bool }
		if errors.As(err, &timeout) && timeout.Timeout() {
			return fmt.Errorf("%s gave no answer in time", hostPort)
		}
		return errors.Unwrap(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, bodyRead)
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s answered %d", hostPort, response.StatusCode)
	}
	return nil
}

// errNoAddress says that there is nothing to probe, which is nothing against the ShopSet: it may still
// be in the making.
var errNoAddress = errors.New("no address is known")

// round asks all addresses of a Target. It is good if one of them is.
func (f *Fleet) round(ctx context.Context, t *Target, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	list := *t.addresses.Load()
	if len(list) == 0 {
		return errNoAddress
	}
	failures := make([]error, len(list))
	var all sync.WaitGroup
	for i, a := range list {
		all.Go(func() {
			failures[i] = f.client.ask(ctx, a.hostPort)
			a.bad.Store(failures[i] != nil)
		})
	}
	all.Wait()
	for _, failure := range failures {
		if failure == nil {
			return nil
		}
	}
	return failures[0]
}

// probe asks again and again.
func (f *Fleet) probe(ctx context.Context, t *Target) {
	for {
		failure := f.round(ctx, t, f.config.Timeout)
		if ctx.Err() != nil {
			return
		}
		t.probed(failure, f.config.Clock.Now())
		pause := time.Duration(float64(f.config.Interval) * (1 + jitter*(2*rand.Float64()-1))) //nolint:gosec // G404: nothing secret
		timer := f.config.Clock.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
	}
}

// suspect probes a Target from which answers are awaited. If that fails, and nothing has come
// meanwhile, those who wait are told.
func (f *Fleet) suspect(ctx context.Context, t *Target) {
	defer f.client.suspect.Delete(t)
	failure := f.round(ctx, t, min(suspectTimeout, f.config.Timeout))
	now := f.config.Clock.Now()
	if ctx.Err() != nil {
		return
	}
	if failure == nil {
		t.lastAnswer.Store(now.UnixNano())
		return
	}
	if t.silentSince(now) > suspectAfter {
		t.mutex.Lock()
		t.giveUp()
		t.mutex.Unlock()
		t.probed(failure, now)
	}
}
