package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"k8s.io/utils/clock"
)

const (
	// patience is how long a shopper waits for an answer.
	patience = 10 * time.Second
	// maxPage is more than any page of the shop, in bytes.
	maxPage = 256 << 10
	// connections that are kept open to each edge.
	connections = 512
	workers     = 32
	waitEvery   = 50 * time.Millisecond
)

// Config says who shops where.
type Config struct {
	Shops []Shop
	// Edges are the base URLs of the edges, such as http://127.0.0.1:8080.
	Edges []string
	// Rate is the number of requests a second, over all shops.
	Rate int
	// TierOf gives the tier of a ShopSet by its name, empty for one that there is not. It is called
	// from several goroutines.
	TierOf func(shopSet string) string
	// Receipts says that an order can be looked at on whatever ShopSet: they share their orders.
	Receipts bool
	Clock    clock.Clock
}

// Crowd is a running load.
type Crowd struct {
	Config
	attacker *vegeta.Attacker
	steps    []step
	done     chan struct{}

	mu      sync.Mutex
	round   *round
	idle    [][]*shopper // by the shop's number
	nextID  uint64
	pending map[uint64]pending
	visits  []Visit
}

// pending is a request that has not come back.
type pending struct {
	*shopper
	Visit
	step step
}

// Start lets the crowd in; it goes on until Stop.
func Start(c Config) (*Crowd, error) {
	if len(c.Shops) == 0 || len(c.Edges) == 0 || c.Rate < 1 || c.TierOf == nil {
		return nil, errors.New("starting the load: there must be shops, edges, tiers and a rate")
	}
	crowd := &Crowd{
		Config: c, steps: script(c.Receipts), done: make(chan struct{}),
		round: newRound(len(c.Shops)), idle: make([][]*shopper, len(c.Shops)), pending: map[uint64]pending{},
	}
	crowd.attacker = vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Timeout:       patience,
			Transport:     &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.MaxBody(maxPage), vegeta.Workers(workers),
	)
	results := crowd.attacker.Attack(crowd.target, vegeta.ConstantPacer{Freq: c.Rate, Per: time.Second}, 0, "")
	go func() {
		defer close(crowd.done)
		for result := range results {
			crowd.note(result)
		}
	}()
	return crowd, nil
}

// Stop sends the crowd home and returns when every request has come back.
func (c *Crowd) Stop() {
	c.attacker.Stop()
	<-c.done
}

// target gives the next shopper's request.
func (c *Crowd) target(into *vegeta.Target) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	number, turn := c.round.next()
	// The first ones are each at something else, so that all methods come at any moment.
	s := &shopper{shop: number, looks: number % len(c.steps)}
	if waiting := c.idle[number]; len(waiting) > 0 {
		s = waiting[len(waiting)-1]
		c.idle[number] = waiting[:len(waiting)-1]
	}
	shop, what := c.Shops[number], c.steps[s.at]
	edge := (number + turn) % len(c.Edges)
	c.nextID++
	s.target(what, c.Edges[edge], shop.Host, c.nextID, into)
	c.pending[c.nextID] = pending{
		shopper: s, step: what,
		Visit: Visit{Shop: shop.Name, Kind: shop.Kind, Method: what.method, Edge: edge, Start: c.Clock.Now()},
	}
	return nil
}

// note keeps what became of a request.
func (c *Crowd) note(result *vegeta.Result) {
	_, fragment, _ := strings.Cut(result.URL, "#")
	id, err := strconv.ParseUint(fragment, 10, 64)
	if err != nil {
		return // it was never sent: there was no target
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.pending[id]
	if !ok {
		return
	}
	delete(c.pending, id)
	p.Start, p.Took = result.Timestamp, result.Latency
	p.ShopSet = result.Headers.Get("X-Shopset")
	p.Lost = p.wrong(p.step, c.Shops[p.shop], c.TierOf, result)
	p.goOn(p.step, p.Lost == "", len(c.steps))
	c.idle[p.shop] = append(c.idle[p.shop], p.shopper)
	c.visits = append(c.visits, p.Visit)
}

// Visits are those that began in [from, to). It waits until all of them have come back, which is
// at most as long as a shopper's patience.
func (c *Crowd) Visits(ctx context.Context, from, to time.Time) (Visits, error) {
	for c.waiting(to) {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for answers to shoppers: %w", context.Cause(ctx))
		case <-c.Clock.After(waitEvery):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var found Visits
	for _, visit := range c.visits {
		if !visit.Start.Before(from) && visit.Start.Before(to) {
			found = append(found, visit)
		}
	}
	return found, nil
}

// waiting tells whether a request from before a time has not come back.
func (c *Crowd) waiting(before time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pending {
		if p.Start.Before(before) {
			return true
		}
	}
	return false
}
