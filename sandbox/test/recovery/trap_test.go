package recovery

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"shopset.dev/shopset/internal/githost"
)

// moment is when, in the life of a request, the controller is killed.
type moment string

const (
	beforeHandled moment = "before it was handled"
	midBody       moment = "in the middle of its body"
	afterHandled  moment = "after it was handled, before the answer"
)

// trap kills the controller at one request, and counts requests until then. The connection is
// cut at the same moment, so that a git which outlives the controller gets no answer either.
type trap struct {
	faults *githost.Faults

	mu     sync.Mutex
	at     int
	when   moment
	kill   func(request string)
	seen   []string
	sprung bool
}

// arm kills at the request of that number, the next one being 1.
func (p *trap) arm(at int, when moment, kill func(request string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.when, p.kill, p.seen, p.sprung = at, when, kill, nil, false
	cut := map[moment]githost.Cut{beforeHandled: githost.CutBefore, midBody: githost.CutRequest, afterHandled: githost.CutAfter}[when]
	p.faults.Reset()
	p.faults.SetRules(githost.Rule{Request: at, Fault: githost.Fault{Cut: cut, Bytes: 150}})
}

// disarm tells which requests came, up to the deadly one, and whether that came.
func (p *trap) disarm() (seen []string, sprung bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults.SetRules()
	p.at = 0
	return p.seen, p.sprung
}

func (p *trap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if p.at > 0 && !p.sprung {
		p.seen = append(p.seen, r.Method+" "+r.URL.RequestURI())
	}
	deadly := p.at > 0 && len(p.seen) == p.at && !p.sprung
	p.mu.Unlock()
	if deadly && p.when == beforeHandled {
		p.spring()
	}
	p.faults.ServeHTTP(w, r)
}

// spring kills, if the deadly request has come and not killed yet.
func (p *trap) spring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at > 0 && len(p.seen) == p.at && !p.sprung {
		p.sprung = true
		p.kill(p.seen[p.at-1])
	}
}

// after stands behind the faults and springs the trap at the two later moments.
type after struct {
	trap *trap
	next http.Handler
}

func (a *after) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = &dying{ReadCloser: r.Body, trap: a.trap}
	a.next.ServeHTTP(w, r)
	if a.trap.moment() == afterHandled {
		a.trap.spring()
	}
}

func (p *trap) moment() moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.when
}

// dying springs the trap where the body breaks off.
type dying struct {
	io.ReadCloser
	trap *trap
}

func (d *dying) Read(b []byte) (int, error) {
	n, err := d.ReadCloser.Read(b)
	if err == io.ErrUnexpectedEOF && d.trap.moment() == midBody { //nolint:errorlint // the fault's own value
		d.trap.spring()
	}
	return n, err
}

// isPush tells of a request whether it carries a push.
func isPush(request string) bool {
	return strings.HasPrefix(request, "POST ") && strings.HasSuffix(request, "/git-receive-pack")
}
