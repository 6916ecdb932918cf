package limit

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

const (
	shards = 64
	// each shard remembers so many shops: 65,536 in all, some ten megabytes.
	perShard = 1024
)

// Buckets are token buckets by name. The least recently used are forgotten, which fills them:
// among more shops than are remembered, those that ask the most are remembered.
type Buckets struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mutex sync.Mutex
	byKey map[string]*bucket
	// newest and oldest end a list in the order of use.
	newest, oldest *bucket
}

type bucket struct {
	key          string
	tokens       float64
	at           time.Time
	newer, older *bucket
}

// NewBuckets makes empty Buckets.
func NewBuckets() *Buckets {
	b := &Buckets{seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].byKey = map[string]*bucket{}
	}
	return b
}

// Take takes one of burst tokens, which come back at rate a second; burst 0 means those of two
// seconds. If there is none, wait says when the next comes.
func (b *Buckets) Take(key string, rate, burst int, now time.Time) (wait time.Duration, ok bool) {
	if rate <= 0 {
		return 0, true
	}
	if burst <= 0 {
		burst = 2 * rate
	}
	s := &b.shards[maphash.String(b.seed, key)%shards]
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c := s.use(key, float64(burst), now)
	if passed := now.Sub(c.at); passed > 0 {
		c.tokens += passed.Seconds() * float64(rate)
		c.at = now
	}
	c.tokens = min(c.tokens, float64(burst))
	if c.tokens < 1 {
		return time.Duration((1 - c.tokens) / float64(rate) * float64(time.Second)), false
	}
	c.tokens--
	return 0, true
}

// use finds a bucket and makes it the newest.
func (s *shard) use(key string, burst float64, now time.Time) *bucket {
	c := s.byKey[key]
	switch c {
	case nil:
		if len(s.byKey) == perShard {
			delete(s.byKey, s.oldest.key)
			s.unlink(s.oldest)
		}
		c = &bucket{key: strings.Clone(key), tokens: burst, at: now}
		s.byKey[c.key] = c
	case s.newest:
		return c
	default:
		s.unlink(c)
	}
	c.newer, c.older = nil, s.newest
	if s.newest != nil {
		s.newest.newer = c
	}
	s.newest = c
	if s.oldest == nil {
		s.oldest = c
	}
	return c
}

func (s *shard) unlink(c *bucket) {
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		s.newest = c.older
	}
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		s.oldest = c.newer
	}
}

// Len counts the shops that are remembered.
func (b *Buckets) Len() int {
	n := 0
	for i := range b.shards {
		b.shards[i].mutex.Lock()
		n += len(b.shards[i].byKey)
		b.shards[i].mutex.Unlock()
	}
	return n
}
