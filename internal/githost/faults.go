package githost

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Cut says where a connection is cut.
type Cut int

const (
	// CutNone leaves the connection alone.
	CutNone Cut = iota
	// CutBefore cuts before the handler sees the request: nothing happened.
	CutBefore
	// CutAfter cuts when the handler is done, and drops its response: what the
	// client asked for happened and the client does not know.
	CutAfter
	// CutResponse cuts after Fault.Bytes bytes of the response's body.
	CutResponse
	// CutRequest ends the request's body after Fault.Bytes bytes, as a lost
	// client would, and drops the response.
	CutRequest
)

// Fault is what goes wrong with a request. Delay comes first, then Status,
// which answers in the handler's place, then Cut.
type Fault struct {
	// Delay holds the request back. When the rules change meanwhile, or the
	// client is seen to be gone, the request is cut.
	Delay time.Duration
	// Status, when not zero, is the answer, for example 401 or 503.
	Status int
	Cut    Cut
	// Bytes is the size at which CutResponse and CutRequest strike.
	Bytes int64
}

// Rule says which requests a Fault strikes. Empty fields match everything.
type Rule struct {
	// Request is the number of the request, the first being 1.
	Request int
	Method  string
	// Path is a part of the URL's path and query, such as "git-receive-pack".
	Path string
	// Times is how many matching requests are struck; 0 means all.
	Times int
	Fault Fault
}

// Exchange is a request that was seen, with the sizes of the bodies that went
// through. Struck tells whether a rule applied.
type Exchange struct {
	Method, Path                string
	RequestBytes, ResponseBytes int64
	Status                      int
	Struck                      bool
}

// exchangesKept bounds the record of a handler that runs for long.
const exchangesKept = 4096

// Faults wraps a handler and makes requests fail by rule. The first rule that
// matches applies. It may be used by several goroutines.
type Faults struct {
	next http.Handler

	mu        sync.Mutex
	rules     []*Rule
	changed   chan struct{} // closed when the rules are replaced
	requests  int
	exchanges []Exchange
}

// NewFaults wraps next. Without rules it only counts.
func NewFaults(next http.Handler, rules ...Rule) *Faults {
	f := &Faults{next: next}
	f.SetRules(rules...)
	return f
}

// SetRules replaces the rules. Requests keep their numbering.
func (f *Faults) SetRules(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed != nil {
		close(f.changed)
	}
	f.changed, f.rules = make(chan struct{}), nil
	for _, rule := range rules {
		f.rules = append(f.rules, &rule)
	}
}

// Reset drops the rules and the record, and numbers requests from 1 again.
func (f *Faults) Reset() {
	f.SetRules()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests, f.exchanges = 0, nil
}

// Requests is the number of requests that arrived.
func (f *Faults) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// Exchanges are the finished requests, oldest first; the last 4,096 at most.
func (f *Faults) Exchanges() []Exchange {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Exchange(nil), f.exchanges...)
}

// arrive counts a request and returns the fault that strikes it, with a channel
// that is closed when the rules change.
func (f *Faults) arrive(r *http.Request) (fault Fault, struck bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	for i, rule := range f.rules {
		if !rule.matches(r, f.requests) {
			continue
		}
		if rule.Times == 1 {
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
		} else if rule.Times > 1 {
			rule.Times--
		}
		return rule.Fault, true, f.changed
	}
	return Fault{}, false, f.changed
}

func (rule *Rule) matches(r *http.Request, number int) bool {
	return (rule.Request == 0 || rule.Request == number) &&
		(rule.Method == "" || rule.Method == r.Method) &&
		strings.Contains(r.URL.RequestURI(), rule.Path)
}

func (f *Faults) record(e Exchange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchanges = append(f.exchanges, e)
	if extra := len(f.exchanges) - exchangesKept; extra > 0 {
		f.exchanges = append([]Exchange(nil), f.exchanges[extra:]...)
	}
}
