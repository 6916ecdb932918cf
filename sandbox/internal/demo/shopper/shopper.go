// Package shopper asks ShopSets for the front page all the time, as shoppers do, and notes which
// release answered and when that changed. It knows nothing of Kubernetes but an address.
package shopper

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// Every is the time between two requests of one shopper: how exactly times are known.
	Every = 200 * time.Millisecond
	// patience is how long a shopper waits for an answer.
	patience = 10 * time.Second
	// findEvery is the time between two looks for an address that is not there yet.
	findEvery = 500 * time.Millisecond
	maxPage   = 1 << 20
	// maxKept bounds the sightings and failures that are remembered of one ShopSet.
	maxKept = 1000
)

// host is the shop that is asked for.
const host = "tea-house.example.com"

// Page is what tells one front page from another.
type Page struct {
	// Release is what the header X-Shopset-Release says.
	Release string
	// Notice is the environment named in the notice that no money is taken; empty without one.
	Notice string
}

// Sighting is a page that differs from the one before.
type Sighting struct {
	At time.Time
	Page
}

// Failure is a request without a good answer.
type Failure struct {
	At  time.Time
	Why string
}

// Entry is a ShopSet to be asked. Find gives its address, such as http://127.0.0.1:8080, or an
// empty one while there is none.
type Entry struct {
	ShopSet string
	Find    func(context.Context) (string, error)
}

// Crowd is one shopper for each ShopSet.
type Crowd struct {
	shoppers map[string]*shopper
	names    []string
	running  sync.WaitGroup
	cancel   context.CancelFunc
}

// Start lets the shoppers in. They begin to count when their ShopSet has first answered.
func Start(ctx context.Context, clk clock.WithTicker, entries []Entry) *Crowd {
	ctx, cancel := context.WithCancel(ctx)
	c := &Crowd{shoppers: map[string]*shopper{}, cancel: cancel}
	for _, entry := range entries {
		s := &shopper{entry: entry, clock: clk, client: newClient()}
		c.shoppers[entry.ShopSet] = s
		c.names = append(c.names, entry.ShopSet)
		c.running.Go(func() { s.shop(ctx) })
	}
	return c
}

// Stop sends the shoppers home.
func (c *Crowd) Stop() {
	c.cancel()
	c.running.Wait()
}

// shopper asks one ShopSet.
type shopper struct {
	entry  Entry
	clock  clock.WithTicker
	client *http.Client

	mu        sync.Mutex
	address   string
	requests  int
	failed    int
	failures  []Failure
	sightings []Sighting
}

// newClient makes a client that opens a connection for every request: each is a shopper who has
// just come, and none stays with a pod of the release before.
func newClient() *http.Client {
	return &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

func (s *shopper) shop(ctx context.Context) {
	address := s.find(ctx)
	ticker := s.clock.NewTicker(Every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		page, err := s.ask(ctx, address)
		if ctx.Err() != nil {
			return // it was not the ShopSet's fault
		}
		s.note(page, err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}

// find waits for the address.
func (s *shopper) find(ctx context.Context) string {
	for {
		address, err := s.entry.Find(ctx)
		if err == nil && address != "" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.address = address
			return address
		}
		select {
		case <-ctx.Done():
			return ""
		case <-s.clock.After(findEvery):
		}
	}
}

func (s *shopper) ask(ctx context.Context, address string) (Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/", nil)
	if err != nil {
		return Page{}, err
	}
	request.Host = host
	response, err := s.client.Do(request)
	if err != nil {
		return Page{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return Page{}, fmt.Errorf("reading the page: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return Page{}, fmt.Errorf("the answer is %s: %s", response.Status, gist(body))
	}
	if by := response.Header.Get("X-Shopset"); by != s.entry.ShopSet {
		return Page{}, fmt.Errorf("ShopSet %q answered", by)
	}
	return Page{Release: response.Header.Get("X-Shopset-Release"), Notice: noticeOf(body)}, nil
}

// note counts what came of a request.
func (s *shopper) note(page Page, err error) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.requests == 0 {
		return // not open yet
	}
	s.requests++
	if err != nil {
		s.failed++
		if len(s.failures) < maxKept {
			s.failures = append(s.failures, Failure{At: now, Why: err.Error()})
		}
		return
	}
	last := len(s.sightings) - 1
	if (last < 0 || s.sightings[last].Page != page) && last+1 < maxKept {
		s.sightings = append(s.sightings, Sighting{At: now, Page: page})
	}
}

// gist is the title of a page, or the first line of what is no page.
func gist(body []byte) string {
	if found := title.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	line, _, _ := strings.Cut(string(body), "\n")
	return strings.ToValidUTF8(line[:min(len(line), maxGist)], "")
}

// maxGist bounds, in bytes, what is kept of an answer that is no page.
const maxGist = 200

var title = regexp.MustCompile(`<title>([^<]*)</title>`)

var notice = regexp.MustCompile(`<p class="trial">This is the (\S+) environment`)

func noticeOf(body []byte) string {
	if found := notice.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}
