package caddyedge

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"shopset.dev/shopset/internal/edge"
)

// exchangeVar names the exchange among the variables of Caddy's request.
const exchangeVar = "shopset.exchange"

// exchange is a request with its attempts, shared by the handler and the attempts below the proxy.
type exchange struct {
	request *edge.Request
	tries   int
	current *flight
	failure error
}

// close ends the attempt under way, if the proxy did not.
func (ex *exchange) close() {
	if ex.current != nil {
		ex.current.finish(nil)
		ex.current.release()
	}
}

// entry says in the access log whose request it was and what became of it.
func (ex *exchange) entry(e entry) entry {
	e.shop, e.class, e.group, e.shopSet = ex.request.Shop(), ex.request.Class(), ex.request.Group(), ex.request.ShopSet()
	e.retries = max(0, ex.tries-1)
	err := ex.failure
	if err == nil && ex.current != nil {
		err = ex.current.result.Err // an answer that broke off
	}
	if err != nil {
		e.err = err.Error()
	}
	return e
}

// describeSpan says whose request it was to the span that Caddy's tracing opened, if it did. The
// names are those in the configuration of tracing.
func describeSpan(ctx context.Context, ex *exchange) {
	if caddyhttp.GetVar(ctx, "trace_id") == nil {
		return
	}
	caddyhttp.SetVar(ctx, "shop", ex.request.Shop())
	caddyhttp.SetVar(ctx, "class", ex.request.Class())
	caddyhttp.SetVar(ctx, "shopset", ex.request.ShopSet())
	caddyhttp.SetVar(ctx, "attempts", ex.tries)
}

// attempts is the proxy's transport: it asks the core where to go, goes there, and tells the core
// what became of it, until there is an answer or nothing is left to try.
type attempts struct {
	mu         sync.RWMutex
	transports map[timeouts]*http.Transport
}

func newAttempts() *attempts {
	return &attempts{transports: make(map[timeouts]*http.Transport)}
}

// RoundTrip makes attempts. A request whose body was begun, or that may have been acted upon, is
// not sent again.
func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := caddyhttp.GetVar(req.Context(), exchangeVar).(*exchange)
	var held *http.Response // an answer that nobody likes, in case there is no better one
	var failure error
	for {
		attempt, refusal := ex.request.Next()
		if refusal != nil {
			if held != nil {
				return held, nil
			}
			return nil, &refusedError{refusal: refusal, cause: failure}
		}
		if held != nil {
			discard(held)
		}
		out := req
		if ex.tries > 0 {
			out = again(req)
		}
		ex.tries++
		res, result := a.try(out, ex, attempt)
		if !ex.request.MayRetry(req.Method, result) || !whole(req, result) {
			return res, failed(req, result)
		}
		ex.current.finish(&result)
		held, failure = res, result.Err
	}
}

// whole says whether the request can still be sent: its body is not kept for a second time.
func whole(req *http.Request, result edge.Result) bool {
	return !result.Sent || req.Body == nil
}

// try makes one attempt, up to the header of an answer.
func (a *attempts) try(req *http.Request, ex *exchange, attempt *edge.Attempt) (*http.Response, edge.Result) {
	f := &flight{attempt: attempt, start: time.Now()}
	ex.current = f
	req.URL.Scheme, req.URL.Host = "http", attempt.Address
	transport := a.transport(attempt)
	res, err := transport.RoundTrip(f.watch(req))
	for range maxStale {
		if err == nil || !f.metStale() {
			break
		}
		res, err = transport.RoundTrip(f.watch(again(req)))
	}
	f.result.Latency = time.Since(f.start)
	if f.stopWatching() && err == nil {
		discard(res)
		err = edge.ErrLost
	} else if f.lost() {
		err = edge.ErrLost
	}
	if err != nil {
		f.result.Err = err
		f.result.Sent = f.sent(err)
		f.result.Aborted = req.Context().Err() != nil
		f.release()
		return nil, f.result
	}
	attempt.Answered()
	f.result.Sent, f.result.Status = true, res.StatusCode
	res.Body = f.carry(res.Body)
	return res, f.result
}

// failed turns the end of an attempt into the error that the proxy shall see.
func failed(req *http.Request, result edge.Result) error {
	var timeout net.Error
	switch {
	case result.Err == nil:
		return nil
	case result.Aborted:
		return context.Cause(req.Context())
	case !result.Sent:
		return &refusedError{cause: result.Err, refusal: &edge.Refusal{
			Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Reason: "the shop cannot be reached"}}
	case errors.Is(result.Err, edge.ErrLost), errors.As(result.Err, &timeout) && timeout.Timeout():
		return &refusedError{cause: result.Err, refusal: &edge.Refusal{
			Status: http.StatusGatewayTimeout, Reason: "the shop did not answer in time"}}
	default:
		return &refusedError{cause: result.Err, refusal: &edge.Refusal{
			Status: http.StatusBadGateway, Reason: "the shop broke off before it answered"}}
	}
}

// again copies a request for one more attempt: the transport may still be looking at the one before.
func again(req *http.Request) *http.Request {
	out := new(http.Request)
	*out = *req
	out.URL = new(url.URL)
	*out.URL = *req.URL
	out.Header = req.Header.Clone()
	return out
}

// discard closes an answer that nobody will read.
func discard(res *http.Response) {
	_ = res.Body.Close() // nothing is lost that anybody wants
}

// close closes idle connections.
func (a *attempts) close() {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, t := range a.transports {
		t.CloseIdleConnections()
	}
}
