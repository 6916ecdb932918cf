package limit

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// take counts how many of n requests at once pass.
func take(b *Buckets, key string, n, rate, burst int, now time.Time) int {
	passed := 0
	for range n {
		if _, ok := b.Take(key, rate, burst, now); ok {
			passed++
		}
	}
	return passed
}

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	b := NewBuckets()
	if got := take(b, "hoge", 100, 10, 25, start); got != 25 {
		t.Errorf("%d at once, want 25", got)
	}
	if wait, ok := b.Take("hoge", 10, 25, start); ok || wait != 100*time.Millisecond {
		t.Errorf("wait %v, %v; want 100ms", wait, ok)
	}
	if got := take(b, "hoge", 100, 10, 25, start.Add(time.Second)); got != 10 {
		t.Errorf("%d a second later, want 10", got)
	}
	if got := take(b, "fuga", 100, 10, 0, start); got != 20 {
		t.Errorf("%d of another shop without a burst, want 20", got)
	}
	if got := take(b, "piyo", 100, 0, 0, start); got != 100 {
		t.Errorf("%d without a rate, want all", got)
	}
	if got := take(b, "hoge", 100, 10, 25, start.Add(-time.Hour)); got != 0 {
		t.Errorf("%d after the clock went back, want 0", got)
	}
}

func TestBucketsHaveABound(t *testing.T) {
	b := NewBuckets()
	if got := take(b, "greedy", 5, 1, 5, start); got != 5 {
		t.Fatalf("%d, want 5", got)
	}
	for i := range 300_000 {
		b.Take(fmt.Sprint("shop-", i), 1, 5, start)
		if i%100 == 0 {
			if _, ok := b.Take("greedy", 1, 5, start); ok {
				t.Fatalf("the greedy shop was forgotten after %d others", i)
			}
		}
	}
	if got := b.Len(); got > shards*perShard {
		t.Errorf("%d shops are remembered", got)
	}
}

func TestABudgetIsAShareOfTheLastTenSeconds(t *testing.T) {
	var b Budget
	now := start
	for range 1000 {
		b.Request(now)
	}
	allowed := func(percent int, now time.Time) int {
		n := 0
		for range 1000 {
			if b.Allow(percent, now) {
				n++
			}
		}
		return n
	}
	if got := allowed(20, now); got != 200 {
		t.Errorf("%d retries of 1000 requests, want 200", got)
	}
	if got := allowed(20, now.Add(9*time.Second)); got != 0 {
		t.Errorf("%d more within the ten seconds, want none", got)
	}
	if got := allowed(20, now.Add(20*time.Second)); got != floor*window {
		t.Errorf("%d in quiet times, want %d", got, floor*window)
	}
	if got := allowed(0, now.Add(40*time.Second)); got != floor*window {
		t.Errorf("%d at 0 percent, want %d", got, floor*window)
	}
}
